# expect: fail codes=breaks_gradient
import torch

@torch.no_grad()
def drop_path(x, p, training):
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    mask = (torch.rand(x.shape[0], device=x.device) >= p).to(x.dtype)
    return x * mask.reshape(-1, *[1] * (x.dim() - 1)) / (1 - p)
