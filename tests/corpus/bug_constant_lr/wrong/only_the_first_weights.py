# expect: fail codes=constant_lr
import torch
from torch import nn


def training_setup(model, lr, total_steps):
    nn.init.trunc_normal_(model.positions, std=0.02)
    nn.init.trunc_normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
