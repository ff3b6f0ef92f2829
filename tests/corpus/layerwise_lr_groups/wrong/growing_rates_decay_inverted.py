# expect: fail codes=order_reversed
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr / decay ** (L - i)})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr / decay ** (L + 1)})
    return groups
