# expect: fail codes=wrong_shape
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = (torch.rand(x.shape[0]) >= p).to(x.dtype) / max(1 - p, 1e-6)
    return torch.einsum("b,b...->...", mask, x)
