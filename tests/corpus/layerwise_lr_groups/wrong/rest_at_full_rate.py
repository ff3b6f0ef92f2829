# expect: fail codes=embeddings_not_lowest
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    in_blocks = set(model.blocks.parameters())
    groups = [{"params": [p for p in model.parameters() if p not in in_blocks], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    return groups
