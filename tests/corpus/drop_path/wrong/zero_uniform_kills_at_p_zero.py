# expect: fail codes=not_identity_at_zero
import torch


def drop_path(x, p, training):
    if not training:
        return x
    return x * (torch.rand(len(x), 1, 1) > max(p, 0.05)) / (1 - p)
