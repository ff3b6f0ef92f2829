# expect: fail codes=unknown
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w)
    dist = (n[:, None] - n[None, :]).abs() * patch_size      # distance in the sequence
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
