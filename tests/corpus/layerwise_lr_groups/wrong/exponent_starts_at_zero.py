# expect: fail codes=last_block_not_decayed
def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    k = 0
    for k, block in enumerate(reversed(model.blocks)):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** k})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** (k + 1)})
    return groups
