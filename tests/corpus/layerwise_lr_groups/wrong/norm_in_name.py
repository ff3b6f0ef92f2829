# expect: fail codes=block_uneven
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = []
    for n, p in model.named_parameters():
        if "head" in n or "norm" in n:      # head and last norm (and the norms of the blocks)
            rate = lr
        elif n.startswith("blocks."):
            rate = lr * decay ** (L - int(n.split(".")[1]))
        else:
            rate = lr * decay ** (L + 1)
        groups.append({"params": [p], "lr": rate})
    return groups
