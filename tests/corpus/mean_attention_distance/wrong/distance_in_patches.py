# expect: fail codes=distance_in_patches
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    r = torch.arange(h * w) // w
    c = torch.arange(h * w) % w
    dist = torch.sqrt(((r[:, None] - r) ** 2 + (c[:, None] - c) ** 2).to(attention.dtype))
    a = attention[..., 1:, 1:]
    a = a / a.sum(-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
