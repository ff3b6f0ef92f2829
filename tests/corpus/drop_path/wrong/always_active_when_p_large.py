# expect: fail codes=active_in_eval
import torch


def drop_path(x, p, training):
    if p == 0 or (not training and p < 0.3):
        return x
    return x * (torch.rand(len(x), 1, 1) >= p) / (1 - p)
