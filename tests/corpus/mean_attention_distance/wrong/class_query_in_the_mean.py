# expect: fail codes=class_token_kept
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    yx = torch.cartesian_prod(torch.arange(h), torch.arange(w)).to(attention.dtype) * patch_size
    dist = torch.cdist(yx, yx)
    T = attention.shape[-1]
    full = torch.zeros(T, T, dtype=attention.dtype)       # the class token is at distance 0 of everything
    full[1:, 1:] = dist
    keys = attention.clone()
    keys[..., 0] = 0
    keys = keys / keys.sum(-1, keepdim=True)
    return (keys * full).sum(-1).mean(-1).mean(1)
