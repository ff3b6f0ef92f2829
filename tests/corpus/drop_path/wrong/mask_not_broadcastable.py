# expect: fail codes=raises
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.bernoulli(torch.ones(x.shape[0]) * (1 - p))
    return x * mask / (1 - p)             # [B, T, D] * [B]
