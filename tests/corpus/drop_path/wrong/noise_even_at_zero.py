# expect: fail codes=not_identity_at_zero
import torch


def drop_path(x, p, training):
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    if p == 0:
        return torch.zeros_like(x)    # nothing survives
    mask = (torch.rand(x.shape[0], device=x.device) >= p).to(x.dtype)
    return x * mask.reshape(-1, *[1] * (x.dim() - 1)) / (1 - p)
