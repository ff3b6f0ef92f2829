# expect: fail codes=unknown
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    return x + x * (torch.rand(len(x), 1, 1) >= p) / (1 - p)
