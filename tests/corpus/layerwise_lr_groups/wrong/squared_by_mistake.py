# expect: fail codes=decay_not_multiplied
def layerwise_lr_groups(model, lr, decay):
    rate = lr
    factor = decay
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": rate}]
    for block in reversed(model.blocks):
        rate = rate * factor
        factor = factor * decay          # and the factor shrinks as well
        groups.append({"params": list(block.parameters()), "lr": rate})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": rate * factor})
    return groups
