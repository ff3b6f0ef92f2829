# expect: pass
import numpy as np
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = np.random.binomial(n=1, p=1 - p, size=x.shape[0]) / (1 - p)
    mask = torch.from_numpy(mask).to(dtype=x.dtype, device=x.device)
    while mask.dim() < x.dim():
        mask = mask.unsqueeze(-1)
    return x * mask
