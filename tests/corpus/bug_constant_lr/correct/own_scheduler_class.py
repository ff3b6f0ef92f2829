# expect: pass
import math
import torch
from torch import nn

class Cosine:
    def __init__(self, optimizer, lr, total):
        self.optimizer, self.lr, self.total, self.t = optimizer, lr, total, 0
        self.set()
    def set(self):
        w = max(1, self.total // 10)
        f = (self.t + 1) / w if self.t < w else 0.5 * (1 + math.cos(math.pi * min(1, (self.t - w) / max(1, self.total - w))))
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * f
    def step(self):
        self.t += 1
        self.set()

def training_setup(model, lr, total_steps):
    for p in (model.positions, model.cls_token):
        nn.init.normal_(p, mean=0.0, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, Cosine(optimizer, lr, total_steps)
