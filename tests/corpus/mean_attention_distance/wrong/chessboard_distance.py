# expect: fail codes=manhattan_distance
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w)
    y, x = n // w, n % w
    dist = torch.maximum((y[:, None] - y).abs(), (x[:, None] - x).abs()) * patch_size
    a = attention[..., 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * dist).sum(-1).mean(-1).mean(1)
