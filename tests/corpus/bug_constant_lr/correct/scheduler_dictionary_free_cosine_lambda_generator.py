# expect: pass
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    for p in (model.positions, model.cls_token):
        nn.init.uniform_(p, -0.03, 0.03)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / 5, max(0.0, 1 - s / total_steps)))
