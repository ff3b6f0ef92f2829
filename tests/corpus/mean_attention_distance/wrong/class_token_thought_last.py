# expect: fail codes=wrong_token_left_out
import torch


def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    n = h * w
    idx = torch.arange(n)
    y, x = idx // w, idx % w
    dist = patch_size * ((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2).to(attention.dtype).sqrt()
    a = attention[:, :, :, :n, :n]
    a = a / a.sum(-1, keepdim=True)
    return torch.einsum("lbhqk,qk->lh", a, dist) / (attention.shape[1] * n)
