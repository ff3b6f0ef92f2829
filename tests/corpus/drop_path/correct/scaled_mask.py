# expect: pass
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = 1 - p
    mask = (torch.rand(x.shape[0], device=x.device) < keep).to(x.dtype)
    return x * (mask / keep).view(-1, *[1] * (x.dim() - 1))
