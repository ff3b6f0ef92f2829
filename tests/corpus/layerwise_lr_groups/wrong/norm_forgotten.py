# expect: fail codes=parameters_missing
def layerwise_lr_groups(model, lr, decay):
    rate = lr
    groups = [{"params": list(model.head.parameters()), "lr": rate}]
    for block in reversed(model.blocks):
        rate *= decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    rate *= decay
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": rate})
    return groups
