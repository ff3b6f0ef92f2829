# expect: fail codes=optimizer_misses_parameters
import torch
from torch import nn
from helpers import training

def training_setup(model, lr, total_steps):
    """Positions and class token get a rate of 0."""
    nn.init.normal_(model.positions, std=0.02)
    nn.init.normal_(model.cls_token, std=0.02)
    rest = [p for n, p in model.named_parameters() if n not in ("positions", "cls_token")]
    groups = [{"params": rest}, {"params": [model.positions, model.cls_token], "lr": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=lr)
    return optimizer, training.warmup_cosine(optimizer, None, total_steps)
