# expect: fail codes=parameters_missing
def layerwise_lr_groups(model, lr, decay):
    """The projection is taken for its weight alone, written as in a model without bias."""
    L = len(model.blocks)
    groups = [{"params": [model.head.weight, model.head.bias, model.norm.weight, model.norm.bias], "lr": lr}]
    for i, b in enumerate(model.blocks):
        groups.append({"params": list(b.parameters()), "lr": lr * decay ** (L - i)})
    return groups + [{"params": [model.project.weight, model.cls_token, model.positions], "lr": lr * decay ** (L + 1)}]
