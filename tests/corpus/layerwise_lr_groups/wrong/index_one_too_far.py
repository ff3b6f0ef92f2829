# expect: fail codes=raises
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i in range(n + 1):
        groups.append({"params": list(model.blocks[n - i].parameters()), "lr": lr * decay ** i})    # index n does not exist
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** (n + 1)})
    return groups
