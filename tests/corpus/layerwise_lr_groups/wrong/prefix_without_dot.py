# expect: fail codes=names_mixed_up
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [p for k, p in model.named_parameters() if k.startswith(("head", "norm"))], "lr": lr}]
    for i in range(n):
        groups.append({"params": [p for k, p in model.named_parameters() if k.startswith(f"blocks.{i}")], "lr": lr * decay ** (n - i)})
    groups.append({"params": [p for k, p in model.named_parameters() if not k.startswith(("head", "norm", "blocks"))], "lr": lr * decay ** (n + 1)})
    return groups
