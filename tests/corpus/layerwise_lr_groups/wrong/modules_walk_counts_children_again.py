# expect: fail codes=parameters_twice
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (L + 1)}]
    for i, block in enumerate(model.blocks):
        params = []
        for module in block.modules():
            params += list(module.parameters())
        groups.append({"params": params, "lr": lr * decay ** (L - i)})
    groups.append({"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr})
    return groups
