# expect: pass
def layerwise_lr_groups(model, lr, decay):
    """Parameter groups for AdamW: the further from the head, the smaller the learning rate."""
    groups = [{"params": [*model.norm.parameters(), *model.head.parameters()], "lr": lr}]
    rate = lr
    for block in reversed(model.blocks):
        rate *= decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": rate * decay})
    return groups
