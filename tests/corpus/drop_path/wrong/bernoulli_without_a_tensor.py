# expect: fail codes=raises
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = 1 - p
    mask = torch.bernoulli(keep, size=(x.shape[0], 1, 1))
    return x * mask / keep
