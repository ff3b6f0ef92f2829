# expect: fail codes=not_identity_at_zero
import torch


def drop_path(x, p, training):
    if not training:
        return x
    n = max(1, int(p * x.shape[0]))
    dead = torch.randperm(x.shape[0])[:n]
    out = x / (1 - p) if p < 1 else torch.zeros_like(x)
    out[dead] = 0
    return out
