# expect: fail codes=positions_too_large
import torch
from torch import nn
from helpers import training

def training_setup(model, lr, total_steps):
    nn.init.normal_(model.positions, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, training.warmup_cosine(optimizer, None, total_steps)
