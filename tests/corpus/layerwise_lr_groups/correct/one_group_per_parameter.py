# expect: pass
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = []
    for name, p in model.named_parameters():
        if name.startswith('head'):
            factor = 1
        elif name.startswith('norm'):
            factor = decay
        elif name.startswith('blocks'):
            index = int(name.split('.')[1])
            factor = decay ** (n - index)
        else:
            factor = decay ** (n + 1)
        groups.append({'params': [p], 'lr': lr * factor, 'name': name})
    return groups
