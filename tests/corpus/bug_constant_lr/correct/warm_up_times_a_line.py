# expect: pass
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    """A group for each parameter; the line falls from the first step on."""
    for p in (model.positions, model.cls_token):
        nn.init.trunc_normal_(p, std=0.02)
    optimizer = torch.optim.AdamW([{"params": [p]} for p in model.parameters()], lr=lr)
    warm = max(1, total_steps // 10)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / warm, 1 - t / total_steps))
