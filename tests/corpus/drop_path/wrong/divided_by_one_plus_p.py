# expect: fail codes=rescaled_wrongly
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = torch.rand(x.shape[0], device=x.device) >= p
    mask = mask.view(-1, *(1,) * (x.dim() - 1)).to(x.dtype)
    return x * mask / (1 + p)
