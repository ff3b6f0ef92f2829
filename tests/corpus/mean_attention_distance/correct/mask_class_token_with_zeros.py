# expect: pass
import torch


def mean_attention_distance(attention, grid, patch_size):
    # keep T x T, give the class token distance 0 and weight 0
    h, w = grid
    T = attention.shape[-1]
    assert T == h * w + 1
    keep = torch.ones(T, dtype=attention.dtype)
    keep[0] = 0
    a = attention * keep                     # no class key
    a = a / a.sum(-1, keepdim=True)
    n = torch.arange(T) - 1
    y, x = (n // w) * patch_size, (n % w) * patch_size
    d = ((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2).sqrt()
    d = d * keep * keep[:, None]
    per_query = (a * d).sum(-1)              # the class row gives 0
    return per_query.sum(-1).div(T - 1).mean(1)
