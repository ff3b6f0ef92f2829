# expect: fail codes=not_groups
import torch


def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (L + 1)})
    return torch.optim.AdamW(groups, lr=lr)
