# expect: pass
import torch


def drop_path(x, p, training):
    # x: [B, T, D]
    if training and p > 0:
        keep = (torch.rand(x.shape[0], 1, 1, device=x.device) > p).to(x.dtype)
        x = x * keep / (1 - p)
    return x
