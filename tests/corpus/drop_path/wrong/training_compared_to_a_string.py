# expect: fail codes=never_drops
import torch

def drop_path(x, p, training):
    if training == "train" and p > 0:
        mask = (torch.rand(x.shape[0]) >= p).to(x.dtype)
        return x * mask.view(-1, *[1] * (x.dim() - 1)) / (1 - p)
    return x
