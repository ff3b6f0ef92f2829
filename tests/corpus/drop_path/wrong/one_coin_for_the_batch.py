# expect: fail codes=whole_batch
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    if torch.rand(1).item() < p:
        return torch.zeros_like(x)
    return x / (1 - p)
