# expect: fail codes=not_groups
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    groups += [{"params": list(b.parameters()), "Lr": lr * decay ** (n - i)} for i, b in enumerate(model.blocks)]
    return groups + [{"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (n + 1)}]
