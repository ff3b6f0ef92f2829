# expect: fail codes=draws_depend
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = torch.rand(len(x), 1, 1) >= p
    keep[-1] = True
    return x * keep / (1 - p)
