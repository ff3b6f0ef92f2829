# expect: fail codes=rate_inverted
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.empty(x.shape[0], *[1] * (x.dim() - 1)).bernoulli_(p).to(x)
    return x * mask / (1 - p)
