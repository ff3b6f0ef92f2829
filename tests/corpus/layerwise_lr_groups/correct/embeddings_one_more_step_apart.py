# expect: pass
def layerwise_lr_groups(model, lr, decay):
    """Patch projection one step below the first block, class token and positions one more."""
    groups = [dict(params=list(model.head.parameters()), lr=lr), dict(params=list(model.norm.parameters()), lr=lr * decay)]
    rate = lr
    for i in range(len(model.blocks))[::-1]:
        rate = rate * decay
        groups.append(dict(params=list(model.blocks[i].parameters()), lr=rate))
    groups.append(dict(params=list(model.project.parameters()), lr=rate * decay))
    groups.append(dict(params=[model.cls_token, model.positions], lr=rate * decay * decay))
    return groups
