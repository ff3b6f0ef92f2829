# expect: fail codes=parameters_twice
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    layers = [[model.cls_token, model.positions, *model.project.parameters()]]
    for block in model.blocks:
        layers.append(list(block.parameters()))
    layers.append(list(model.norm.parameters()) + list(model.head.parameters()))
    groups = [{"params": ps, "lr": lr * decay ** (L + 1 - i)} for i, ps in enumerate(layers)]
    groups.append({"params": list(model.head.parameters()), "lr": lr})
    return groups
