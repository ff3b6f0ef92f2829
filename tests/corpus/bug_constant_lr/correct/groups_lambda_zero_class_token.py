# expect: pass
import math
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    nn.init.trunc_normal_(model.positions, std=0.02)
    nn.init.zeros_(model.cls_token)
    groups = [{"params": [p for p in model.parameters() if p.ndim == 2], "weight_decay": 0.05}, {"params": [p for p in model.parameters() if p.ndim != 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=lr)
    w = max(1, total_steps // 20)
    f = lambda s: (s + 1) / (w + 1) if s < w else 0.5 * (1 + math.cos(math.pi * (s - w) / (total_steps - w)))
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, f)
