# expect: fail codes=same_draw_every_time
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = torch.ones(len(x), 1, 1)
    keep[: round(p * len(x))] = 0
    return x * keep / (1 - p)
