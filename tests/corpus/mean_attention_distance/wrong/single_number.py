# expect: fail codes=wrong_shape
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    dist = torch.cdist(yx, yx)
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * dist).sum(-1).mean()
