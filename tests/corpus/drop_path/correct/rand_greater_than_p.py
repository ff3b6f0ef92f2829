# expect: pass
import torch

def drop_path(x, p, training):
    if training == False:
        return x
    if p == 0:
        return x
    r = torch.rand(x.size(0), device=x.device)
    survives = (r >= p).to(x.dtype)
    survives = survives.reshape(-1, *[1] * (x.dim() - 1))
    return survives * x / (1.0 - p)
