# expect: fail codes=lr_ignored
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": 3e-4}]
    groups += [{"params": list(b.parameters()), "lr": 3e-4 * decay ** (n - i)} for i, b in enumerate(model.blocks)]
    return groups + [{"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": 3e-4 * decay ** (n + 1)}]
