# expect: fail codes=positions_too_large
import torch
from helpers import training

def training_setup(model, lr, total_steps):
    """.clone() makes the small start that of copies; the model keeps its own."""
    for p in (model.positions, model.cls_token):
        torch.nn.init.normal_(p.detach().clone(), std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, training.warmup_cosine(optimizer, None, total_steps)
