# expect: pass
import torch


def drop_path(x, p, training):
    if p == 0 or not training:
        return x
    flat = x.reshape(x.shape[0], -1)                       # one row per sample
    keep = torch.rand(x.shape[0], 1, device=x.device).gt(p)
    return (flat * keep / (1 - p)).reshape(x.shape).to(x.dtype)
