# expect: pass
def layerwise_lr_groups(model, lr, decay):
    """Everything that is in no block, norm or head counts as embedding: nothing can be forgotten."""
    layers = [[model.head, model.norm], *([block] for block in reversed(list(model.blocks)))]
    groups, seen = [], set()
    for depth, modules in enumerate(layers):
        params = [p for module in modules for p in module.parameters()]
        seen.update(map(id, params))
        groups.append(dict(params=params, lr=lr * decay**depth))
    rest = [p for p in model.parameters() if id(p) not in seen]
    groups.append(dict(params=rest, lr=lr * decay ** len(layers)))
    return groups
