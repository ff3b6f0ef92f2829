# expect: fail codes=renormalised_over_all
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    dist = torch.cdist(yx, yx)
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=(-1, -2), keepdim=True)
    return (a * dist).sum(dim=(-1, -2)).mean(1)
