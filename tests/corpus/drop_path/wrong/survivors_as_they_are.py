# expect: fail codes=not_rescaled
import torch

def drop_path(x, p, training):
    if not training:
        return x
    out = x.clone()
    for i in range(x.shape[0]):
        if torch.rand(1).item() < p:
            out[i] = 0
    return out
