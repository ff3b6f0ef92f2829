# expect: fail codes=last_block_not_decayed
def layerwise_lr_groups(model, lr, decay):
    current = lr
    groups = [dict(params=list(model.head.parameters()) + list(model.norm.parameters()), lr=current)]
    for i in range(len(model.blocks) - 1, -1, -1):
        groups.append(dict(params=list(model.blocks[i].parameters()), lr=current))
        current *= decay
    groups.append(dict(params=[model.cls_token, model.positions] + list(model.project.parameters()), lr=current))
    return groups
