# expect: fail codes=constant_lr
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    nn.init.normal_(model.positions, std=0.02)
    nn.init.normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=total_steps // 10)
