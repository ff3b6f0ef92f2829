# expect: fail codes=not_groups
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [([*model.norm.parameters(), *model.head.parameters()], lr)]
    for i, block in enumerate(model.blocks):
        groups.append((list(block.parameters()), lr * decay ** (L - i)))
    groups.append(([model.cls_token, model.positions, *model.project.parameters()], lr * decay ** (L + 1)))
    return groups
