# expect: fail codes=hardcoded_layers
def layerwise_lr_groups(model, lr, decay):
    NUM_LAYERS = 6
    groups = [{"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** (NUM_LAYERS + 1)}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (NUM_LAYERS - i)})
    groups.append({"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr})
    return groups
