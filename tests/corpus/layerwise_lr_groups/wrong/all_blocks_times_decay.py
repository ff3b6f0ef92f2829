# expect: fail codes=same_rate_for_all_blocks
def layerwise_lr_groups(model, lr, decay):
    return [
        {"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr},
        {"params": list(model.blocks.parameters()), "lr": lr * decay},
        {"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr * decay ** 2},
    ]
