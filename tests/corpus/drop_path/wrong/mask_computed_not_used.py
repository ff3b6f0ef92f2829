# expect: fail codes=never_drops
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.rand(x.shape[0]) < p
    for row, dead in zip(x.clone(), mask):
        if dead:
            row = torch.zeros_like(row)        # forgets to write it back
    return x
