# expect: pass
import torch


def drop_path(x, p, training):
    """Stochastic depth: whole samples are dropped, the others scaled."""
    if not training or p == 0:
        return x
    keep = 1 - p
    shape = (x.shape[0],) + (1,) * (x.dim() - 1)
    mask = torch.empty(shape, dtype=x.dtype, device=x.device).bernoulli_(keep)
    return x * mask / keep
