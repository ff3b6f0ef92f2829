# expect: fail codes=norm_misplaced
def layerwise_lr_groups(model, lr, decay):
    rate = lr
    groups = [{"params": list(model.head.parameters()), "lr": lr}]
    for block in reversed(model.blocks):
        rate *= decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    groups.append({"params": list(model.norm.parameters()), "lr": lr * 0.01, "weight_decay": 0.0})
    groups.append({"params": [model.cls_token, model.positions, *model.project.parameters()], "lr": rate * decay})
    return groups
