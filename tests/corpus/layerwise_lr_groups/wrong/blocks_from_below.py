# expect: fail codes=order_reversed
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (i + 1)})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (L + 1)})
    return groups
