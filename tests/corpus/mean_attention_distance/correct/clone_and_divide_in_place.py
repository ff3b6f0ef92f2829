# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    """[L, B, H, T, T] -> [L, H]"""
    a = attention[..., 1:, 1:].clone()        # my own copy, I change it below
    a /= a.sum(dim=-1, keepdim=True)
    h, w = grid
    r = torch.arange(h)[:, None].expand(h, w).flatten()
    c = torch.arange(w)[None, :].expand(h, w).flatten()
    dist = ((r[:, None] - r[None, :]).pow(2) + (c[:, None] - c[None, :]).pow(2)).to(a.dtype).sqrt().mul(patch_size)
    a *= dist
    return a.sum(-1).mean((1, 3))
