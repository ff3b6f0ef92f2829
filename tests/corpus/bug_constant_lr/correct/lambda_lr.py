# expect: pass
import math
import torch
from torch import nn

def training_setup(model, lr, total_steps):
    for p in (model.positions, model.cls_token):
        nn.init.trunc_normal_(p, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    w = max(1, total_steps // 10)
    def factor(t):
        return (t + 1) / w if t < w else 0.5 * (1 + math.cos(math.pi * min(1, (t - w) / max(1, total_steps - w))))
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
