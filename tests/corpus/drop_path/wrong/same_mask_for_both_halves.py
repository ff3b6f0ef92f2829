# expect: fail codes=draws_depend
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    half = torch.rand((len(x) + 1) // 2, 1, 1) >= p
    return x * torch.cat([half, half])[: len(x)] / (1 - p)
