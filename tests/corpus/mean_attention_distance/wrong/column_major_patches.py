# expect: fail codes=grid_swapped
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w)
    row, col = n % h, n // h
    yx = torch.stack([row, col], 1).to(attention.dtype) * patch_size
    dist = (yx[:, None] - yx[None]).norm(dim=-1)
    a = attention[..., 1:, 1:]
    a = a / a.sum(-1, keepdim=True)
    return (a * dist).sum(-1).mean((1, 3))
