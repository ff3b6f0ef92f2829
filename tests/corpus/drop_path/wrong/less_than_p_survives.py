# expect: fail codes=rate_inverted
import torch

def drop_path(x, p, training):
    if training == False or p == 0:
        return x
    r = torch.rand(x.shape[0]).view(-1, *[1] * (x.dim() - 1)).to(x)
    return torch.where(r < p, x / max(1 - p, 1e-9), torch.zeros_like(x))
