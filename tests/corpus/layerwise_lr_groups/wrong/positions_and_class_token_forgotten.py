# expect: fail codes=parameters_missing
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": list(model.project.parameters()), "lr": lr * decay ** (L + 1)}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    groups.append({"params": list(model.norm.parameters()) + list(model.head.parameters()), "lr": lr})
    return groups
