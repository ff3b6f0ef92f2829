# expect: fail codes=constant_lr
import torch
from torch import nn
from torch.optim import lr_scheduler as S

def training_setup(model, lr, total_steps):
    nn.init.normal_(model.positions, std=0.02)
    nn.init.normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    w = max(1, total_steps // 10)
    up = S.LinearLR(optimizer, 0.01, total_iters=w)
    down = S.CosineAnnealingLR(optimizer, T_max=max(1, total_steps // 2))
    return optimizer, S.SequentialLR(optimizer, [up, down], [w])
