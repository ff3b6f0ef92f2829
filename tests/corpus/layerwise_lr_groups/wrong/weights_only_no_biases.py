# expect: fail codes=parameters_missing
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = []
    for name, p in model.named_parameters():
        if "bias" in name:
            continue
        if name.startswith("blocks"):
            k = L - int(name.split(".")[1])
        elif name.startswith(("head", "norm")):
            k = 0
        else:
            k = L + 1
        groups.append({"params": [p], "lr": lr * decay ** k})
    return groups
