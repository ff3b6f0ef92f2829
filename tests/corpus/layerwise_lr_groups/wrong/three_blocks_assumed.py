# expect: fail codes=hardcoded_layers
def layerwise_lr_groups(model, lr, decay):
    # our model has three blocks
    return [
        {"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr},
        {"params": list(model.blocks[2].parameters()), "lr": lr * decay},
        {"params": list(model.blocks[1].parameters()), "lr": lr * decay ** 2},
        {"params": list(model.blocks[0].parameters()), "lr": lr * decay ** 3},
        {"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** 4},
    ]
