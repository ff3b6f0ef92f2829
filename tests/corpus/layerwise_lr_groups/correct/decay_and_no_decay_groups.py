# expect: pass
def layerwise_lr_groups(model, lr, decay):
    # no weight decay on biases, norms, class token and positions
    num_layers = len(model.blocks)
    groups = {}
    for name, param in model.named_parameters():
        top = name.split(".")[0]
        if top == "blocks":
            steps = num_layers - int(name.split(".")[1])
        elif top in ("head", "norm"):
            steps = 0
        else:
            steps = num_layers + 1
        plain = param.ndim <= 1 or top in ("cls_token", "positions")
        key = (steps, plain)
        if key not in groups:
            groups[key] = {"params": [], "lr": lr * decay ** steps, "weight_decay": 0.0 if plain else 0.05}
        groups[key]["params"].append(param)
    return list(groups.values())
