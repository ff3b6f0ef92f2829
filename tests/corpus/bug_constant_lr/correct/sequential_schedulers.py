# expect: pass
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    nn.init.normal_(model.positions, std=0.02)
    nn.init.normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    w = max(total_steps // 10, 1)
    up = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / w, total_iters=w)
    down = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps - w)
    return optimizer, torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], [w])
