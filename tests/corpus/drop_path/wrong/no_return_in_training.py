# expect: fail codes=not_implemented
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = (torch.rand(x.shape[0], device=x.device) >= p).to(x.dtype)
    x = x * mask.reshape(-1, *[1] * (x.dim() - 1)) / max(1 - p, 1e-6)
