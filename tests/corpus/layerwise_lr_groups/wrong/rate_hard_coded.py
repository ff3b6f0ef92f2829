# expect: fail codes=lr_ignored
def layerwise_lr_groups(model, lr, decay):
    n, lr = len(model.blocks), 1e-3
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    groups += [{"params": list(b.parameters()), "lr": lr * decay ** (n - i)} for i, b in enumerate(model.blocks)]
    return groups + [{"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (n + 1)}]
