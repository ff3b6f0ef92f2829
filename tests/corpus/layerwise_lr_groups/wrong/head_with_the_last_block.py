# expect: fail codes=head_decayed
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = []
    for name, p in model.named_parameters():
        part = name.split(".")
        if part[0] == "blocks":
            k = n - int(part[1])
        elif part[0] in ("norm", "head"):
            k = 1
        else:
            k = n + 1
        groups.append({"params": [p], "lr": lr * decay ** k})
    return groups
