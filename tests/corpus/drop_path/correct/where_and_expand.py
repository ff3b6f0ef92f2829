# expect: pass
import torch
from torch import Tensor


def drop_path(x: Tensor, p: float, training: bool) -> Tensor:
    if not training or p <= 0:
        return x
    drop = torch.bernoulli(torch.full((x.shape[0],), float(p), device=x.device)).bool()
    drop = drop.view([-1] + [1] * (x.dim() - 1))
    return torch.where(drop, torch.zeros((), dtype=x.dtype, device=x.device), x / (1 - p))
