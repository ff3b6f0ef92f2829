# expect: pass
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = []
    # embeddings
    embeddings = list(model.project.parameters()) + [model.cls_token, model.positions]
    groups.append({"params": embeddings, "lr": lr * decay ** (L + 1)})
    # blocks
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    # norm and head
    groups.append({"params": list(model.norm.parameters()), "lr": lr})
    groups.append({"params": list(model.head.parameters()), "lr": lr})
    return groups
