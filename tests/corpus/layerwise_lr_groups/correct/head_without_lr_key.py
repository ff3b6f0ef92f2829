# expect: pass
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    stem = [p for n, p in model.named_parameters() if not n.startswith(("blocks.", "norm.", "head."))]
    groups = [{"params": stem, "lr": lr * decay ** (L + 1)}]
    groups += [{"params": list(b.parameters()), "lr": lr * decay ** (L - i)} for i, b in enumerate(model.blocks)]
    # the optimizer's own lr is lr
    groups += [{"params": [*model.norm.parameters(), *model.head.parameters()]}]
    return groups
