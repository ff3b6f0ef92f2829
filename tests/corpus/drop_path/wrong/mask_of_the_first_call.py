# expect: fail codes=same_draw_every_time
import functools
import torch

@functools.lru_cache
def mask(n, p):
    return (torch.rand(n, 1, 1) >= p).float()

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    return x * mask(len(x), p) / (1 - p)
