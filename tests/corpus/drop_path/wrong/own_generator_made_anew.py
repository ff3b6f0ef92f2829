# expect: fail codes=same_draw_every_time
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    g = torch.Generator().manual_seed(0)
    shape = (x.shape[0],) + (1,) * (x.dim() - 1)
    keep = torch.rand(shape, generator=g).ge(p).to(x)
    return x * keep / (1 - p)
