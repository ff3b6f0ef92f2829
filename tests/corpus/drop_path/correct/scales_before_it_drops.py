# expect: pass
import torch

def drop_path(x, p, training):
    if p == 0 or not training:
        return x
    x = x / (1 - p)
    mask = torch.rand(x.shape[0], device=x.device) > p
    return x * mask.to(x.dtype).reshape([-1] + [1] * (x.dim() - 1))
