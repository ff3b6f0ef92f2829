# expect: fail codes=breaks_gradient
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    out = x.data.clone()
    for i in range(len(out)):
        if torch.rand(()) < p:
            out[i] = 0
        else:
            out[i] /= (1 - p)
    return out
