# expect: fail codes=embeddings_not_lowest
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": lr * decay ** L})
    return groups
