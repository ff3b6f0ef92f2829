# expect: pass
def layerwise_lr_groups(model, lr, decay):
    yield {"params": list(model.head.parameters()), "lr": lr}
    lr = lr * decay
    yield {"params": list(model.norm.parameters()), "lr": lr}
    for k in range(len(model.blocks) - 1, -1, -1):
        yield {"params": list(model.blocks[k].parameters()), "lr": lr}
        lr = lr * decay
    yield {"params": list(model.project.parameters()) + [model.cls_token, model.positions], "lr": lr}
