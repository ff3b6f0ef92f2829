# expect: pass
import re


def depth_of(name, num_layers):
    """0 for the embeddings, 1..L for the blocks, L + 1 for what comes after (as in BEiT)."""
    block = re.match(r"blocks\.(\d+)\.", name)
    if block:
        return int(block[1]) + 1
    return num_layers + 1 if name.startswith(("head.", "norm.")) else 0


def layerwise_lr_groups(model, lr, decay):
    num_layers = len(model.blocks)
    by_depth = {}
    for name, parameter in model.named_parameters():
        by_depth.setdefault(depth_of(name, num_layers), []).append(parameter)
    return [{"params": parameters, "lr": lr * decay ** (num_layers + 1 - depth)} for depth, parameters in sorted(by_depth.items())]
