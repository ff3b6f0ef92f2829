# expect: pass
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    B, T, D = x.shape
    if p == 1:
        return torch.zeros_like(x)
    mask = torch.bernoulli(torch.full((B,), 1 - p)).to(x)
    return x * mask[:, None, None] / (1 - p)
