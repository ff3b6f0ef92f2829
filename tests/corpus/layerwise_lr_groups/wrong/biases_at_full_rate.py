# expect: fail codes=block_uneven
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i, b in enumerate(model.blocks):
        groups.append({"params": [p for p in b.parameters() if p.ndim > 1], "lr": lr * decay ** (n - i)})
        groups.append({"params": [p for p in b.parameters() if p.ndim <= 1], "lr": lr})
    return groups + [{"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (n + 1)}]
