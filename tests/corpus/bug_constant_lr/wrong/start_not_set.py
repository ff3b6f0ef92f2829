# expect: fail codes=positions_too_large
import torch
from helpers import training

def training_setup(model, lr, total_steps):
    """The two loud lines are taken out and nothing is put in their place."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, training.warmup_cosine(optimizer, None, total_steps)
