# expect: fail codes=same_rate_for_all_blocks
def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for block in reversed(model.blocks):
        block_lr = lr * decay
        groups.append({"params": list(block.parameters()), "lr": block_lr})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": block_lr * decay})
    return groups
