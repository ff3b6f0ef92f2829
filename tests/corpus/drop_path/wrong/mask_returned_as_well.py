# expect: fail codes=wrong_shape
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x, None
    mask = (torch.rand(x.shape[0], device=x.device) >= p).to(x.dtype)
    mask = mask.reshape(-1, *[1] * (x.dim() - 1))
    return x * mask / max(1 - p, 1e-6), mask
