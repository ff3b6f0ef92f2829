# expect: fail codes=raises
def layerwise_lr_groups(model, lr, decay):
    """Exponents from L down to 1 by a share of the depth: no depth at all with one block."""
    L = len(model.blocks)
    groups = [{"params": list(model.head.parameters()) + list(model.norm.parameters()), "lr": lr}]
    for i, b in enumerate(model.blocks):
        share = i / (L - 1)
        groups.append({"params": list(b.parameters()), "lr": lr * decay ** (L - share * (L - 1))})
    rest = [model.cls_token, model.positions, *model.project.parameters()]
    return groups + [{"params": rest, "lr": lr * decay ** (L + 1)}]
