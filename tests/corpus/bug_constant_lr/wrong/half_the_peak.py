# expect: fail codes=lr_ignored
import torch
from torch import nn

def training_setup(model, lr, total_steps):
    """max_lr is halved 'to be on the safe side'."""
    nn.init.normal_(model.positions, std=0.02)
    nn.init.normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.6 * lr, total_steps=total_steps + 1)
