# expect: fail codes=names_mixed_up
def layerwise_lr_groups(model, lr, decay):
    names = sorted({k.split(".")[1] for k, _ in model.named_parameters() if k.startswith("blocks.")})
    n = len(names)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for place, name in enumerate(names):
        groups.append({"params": list(model.blocks[int(name)].parameters()), "lr": lr * decay ** (n - place)})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** (n + 1)})
    return groups
