# expect: pass
import math
import torch
from torch import nn

def training_setup(model, lr, total_steps):
    first = [model.positions, model.cls_token]
    for p in first:
        with torch.no_grad():
            p.copy_(torch.empty(p.shape).uniform_(-0.03, 0.03))
    ids = {id(p) for p in first}
    others = [p for p in model.parameters() if id(p) not in ids]
    groups = [{"params": first, "weight_decay": 0.0}] + ([{"params": others}] if others else [])
    optimizer = torch.optim.AdamW(groups, lr=lr)
    n = max(2, total_steps // 10)
    f = lambda t: min((t + 1) / n, 0.5 + 0.5 * math.cos(math.pi * min(1.0, max(0, t - n + 1) / max(1, total_steps - n))))
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, [f] * len(groups))
