# expect: fail codes=raises
def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": list(model.head.parameters()), "lr": lr}]
    rate = lr
    for block in reversed(model.encoder.layers):     # torchvision's names
        rate = rate * decay
        groups.append({"params": list(block.parameters()), "lr": rate})
    groups.append({"params": list(model.conv_proj.parameters()), "lr": rate * decay})
    return groups
