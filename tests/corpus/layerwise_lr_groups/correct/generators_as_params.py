# expect: pass
from itertools import chain

def layerwise_lr_groups(model, lr, decay):
    groups = [{"params": model.head.parameters(), "lr": lr}]
    scale = decay
    groups.append({"params": model.norm.parameters(), "lr": lr * scale})
    for block in list(model.blocks)[::-1]:
        groups.append({"params": block.parameters(), "lr": lr * scale})
        scale = scale * decay
    groups.append({"params": chain(model.project.parameters(), [model.cls_token, model.positions]), "lr": lr * scale})
    return groups
