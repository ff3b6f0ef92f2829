# expect: fail codes=per_token
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.rand(*x.shape[:2], *[1] * (x.dim() - 2), device=x.device) > p
    return x * mask.to(x.dtype) / (1 - p)
