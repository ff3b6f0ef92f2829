# expect: fail codes=draws_depend
import torch

def drop_path(x, p, training):
    """One draw for two neighbours in the batch."""
    if not training or p == 0:
        return x
    keep = (torch.rand((len(x) + 1) // 2) >= p).repeat_interleave(2)[:len(x)].to(x.dtype)
    return x * keep[:, None, None] / (1 - p)
