# expect: pass
import torch.nn as nn


def layerwise_lr_groups(model: nn.Module, lr: float, decay: float) -> list[dict]:
    own = {"params": [p for p in model.parameters(recurse=False)], "lr": lr * decay ** (len(model.blocks) + 1)}
    groups = [own]
    for name, child in model.named_children():
        if name == "blocks":
            for distance, block in enumerate(reversed(child), start=1):
                groups.append({"params": [*block.parameters()], "lr": lr * decay**distance})
        elif any(True for _ in child.parameters()):          # dropout has none
            rate = own["lr"] if name == "project" else lr
            groups.append({"params": [*child.parameters()], "lr": rate})
    return groups
