# expect: fail codes=head_decayed
def layerwise_lr_groups(model, lr, decay):
    groups = []
    rate = lr
    for layer in [model.head, model.norm, *reversed(model.blocks)]:
        if layer is not model.norm:
            rate = rate * decay
        groups.append({"params": list(layer.parameters()), "lr": rate})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": rate * decay})
    return groups
