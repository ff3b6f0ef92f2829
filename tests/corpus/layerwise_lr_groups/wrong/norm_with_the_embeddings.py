# expect: fail codes=norm_misplaced
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = {}
    for name, p in model.named_parameters():
        if name.startswith("head"):
            k = 0
        elif name.startswith("blocks"):
            k = L - int(name.split(".")[1])
        else:                                  # everything else: embeddings
            k = L + 1
        groups.setdefault(k, []).append(p)
    return [{"params": ps, "lr": lr * decay ** k} for k, ps in groups.items()]
