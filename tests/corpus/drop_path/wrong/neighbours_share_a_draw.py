# expect: fail codes=draws_depend
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = (torch.rand((len(x) + 1) // 2, 1, 1) >= p).repeat_interleave(2, 0)[: len(x)]
    return x * keep / (1 - p)
