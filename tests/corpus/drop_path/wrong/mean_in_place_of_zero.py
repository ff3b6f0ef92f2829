# expect: fail codes=unknown
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = torch.rand(len(x), 1, 1) >= p
    return torch.where(keep, x / (1 - p), x.mean(0, keepdim=True).expand_as(x))
