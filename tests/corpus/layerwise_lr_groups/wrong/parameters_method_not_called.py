# expect: fail codes=raises
def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": list(model.head.parameters) + list(model.norm.parameters), "lr": lr}]
    for i, block in enumerate(reversed(model.blocks)):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (i + 1)})
    return groups
