# expect: fail codes=parameters_missing
def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i in range(n - 1, 0, -1):                      # stops before block 0
        groups.append({"params": list(model.blocks[i].parameters()), "lr": lr * decay ** (n - i)})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** (n + 1)})
    return groups
