# expect: fail codes=parameters_twice
def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr}]
    rate = lr
    for block in reversed(model.blocks):
        rate *= decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    groups.append({"params": list(model.parameters()), "lr": rate * decay})   # the rest
    return groups
