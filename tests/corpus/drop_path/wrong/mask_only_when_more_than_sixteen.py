# expect: fail codes=draws_depend
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    n = len(x)
    order = torch.rand(n).argsort()
    keep = torch.ones(n, 1, 1)
    keep[order[: int(p * n)]] = 0
    return x * keep / (1 - p)
