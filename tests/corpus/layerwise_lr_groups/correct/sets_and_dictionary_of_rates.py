# expect: pass
def layerwise_lr_groups(model, lr, decay):
    rate = {}
    n = len(model.blocks)
    for p in model.parameters():
        rate[p] = lr * decay ** (n + 1)          # first everything is an embedding
    for i in range(n):
        for p in model.blocks[i].parameters():
            rate[p] = lr * decay ** (n - i)
    for p in model.norm.parameters():
        rate[p] = lr
    for p in model.head.parameters():
        rate[p] = lr
    groups = []
    for value in sorted(set(rate.values())):
        groups.append({"params": [p for p in rate if rate[p] == value], "lr": value})
    return groups
