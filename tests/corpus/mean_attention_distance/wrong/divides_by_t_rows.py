# expect: fail codes=not_renormalised
import torch

def mean_attention_distance(attention, grid, patch_size):
    L, B, H, T, _ = attention.shape
    h, w = grid
    out = torch.zeros(L, H)
    for q in range(1, T):
        for k in range(1, T):
            dy = (q - 1) // w - (k - 1) // w
            dx = (q - 1) % w - (k - 1) % w
            out += attention[:, :, :, q, k].mean(1) * patch_size * (dy ** 2 + dx ** 2) ** 0.5
    return out / (T - 1)
