# expect: fail codes=rescaled_wrongly
import torch

def drop_path(x, p, training):
    if training and p > 0:
        keep = 1 - p
        mask = torch.bernoulli(torch.full((x.shape[0],) + (1,) * (x.dim() - 1), keep)).to(x.dtype)
        return x * mask * keep
    return x
