# expect: pass
import torch


def drop_path(x, p, training):
    if not training or p == 0.0:
        return x
    alive = torch.rand(len(x), device=x.device) < 1 - p
    y = torch.zeros_like(x)
    y[alive] = x[alive] / (1 - p)
    return y
