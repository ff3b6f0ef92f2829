# expect: fail codes=names_mixed_up
from collections import defaultdict


def layerwise_lr_groups(model, lr, decay):
    n = len(model.blocks)
    by = defaultdict(list)
    for name, p in model.named_parameters():
        if name.startswith("blocks."):
            by[n - int(name[7])].append(p)
        else:
            by[0 if name.startswith(("head", "norm")) else n + 1].append(p)
    return [dict(params=v, lr=lr * decay ** k) for k, v in by.items()]
