# expect: fail codes=squared_distance
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = torch.arange(h * w)
    y, x = n // w * patch_size, n % w * patch_size
    dist = (y[:, None] - y[None, :]) ** 2 + (x[:, None] - x[None, :]) ** 2
    a = attention[..., 1:, 1:]
    return ((a * dist).sum(-1) / a.sum(-1)).mean((1, 3))
