# expect: fail codes=order_reversed
def layerwise_lr_groups(model, lr, decay):
    rate = lr
    groups = [{"params": list(model.head.parameters()) + list(model.norm.parameters()), "lr": rate}]
    for block in model.blocks:
        rate *= decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    rate *= decay
    groups.append({"params": list(model.project.parameters()) + [model.cls_token, model.positions], "lr": rate})
    return groups
