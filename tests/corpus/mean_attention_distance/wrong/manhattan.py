# expect: fail codes=manhattan_distance
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    row = torch.arange(h).repeat_interleave(w)
    col = torch.arange(w).repeat(h)
    dist = (row[:, None] - row).abs() + (col[:, None] - col).abs()
    dist = dist * patch_size
    a = attention[..., 1:, 1:]
    a = a / a.sum(-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
