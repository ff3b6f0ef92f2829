# expect: fail codes=squared_distance
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    dist = ((yx[:, None] - yx[None]) ** 2).sum(-1)
    a = attention[..., 1:, 1:]
    a = a / a.sum(-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
