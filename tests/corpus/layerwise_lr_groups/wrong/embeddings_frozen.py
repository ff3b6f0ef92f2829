# expect: fail codes=embeddings_not_lowest
def layerwise_lr_groups(model, lr, decay):
    L = len(model.blocks)
    groups = [{"params": list(model.head.parameters()) + list(model.norm.parameters()), "lr": lr}]
    for i, b in enumerate(model.blocks):
        groups.append({"params": list(b.parameters()), "lr": lr * decay ** (L - i)})
    rest = [model.cls_token, model.positions, *model.project.parameters()]
    return groups + [{"params": rest, "lr": 0.0}]
