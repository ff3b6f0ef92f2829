# expect: fail codes=decay_not_multiplied
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        distance = L - i
        groups.append({"params": list(block.parameters()), "lr": lr * decay / distance})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay / (L + 1)})
    return groups
