# expect: fail codes=not_groups
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    rates = {"head": lr, "norm": lr}
    for i in range(L):
        rates[f"blocks.{i}"] = lr * decay ** (L - i)
    rates["embeddings"] = lr * decay ** (L + 1)
    return rates
