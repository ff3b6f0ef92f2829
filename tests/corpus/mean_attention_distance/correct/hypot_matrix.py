# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    rows, cols = grid
    y = torch.arange(rows, dtype=attention.dtype).repeat_interleave(cols)
    x = torch.arange(cols, dtype=attention.dtype).repeat(rows)
    d = patch_size * torch.hypot(y[:, None] - y, x[:, None] - x)
    a = attention[..., 1:, 1:]
    weighted = (a * d).sum(-1) / a.sum(-1)
    return weighted.mean(-1).mean(-2)
