# expect: fail codes=summed_not_averaged
import torch

def mean_attention_distance(attention, grid, patch_size):
    L, B, H, T, _ = attention.shape
    h, w = grid
    result = torch.zeros(L, H)
    for q in range(T - 1):
        row = attention[:, :, :, 1 + q, 1:]
        row = row / row.sum(-1, keepdim=True)
        d = torch.tensor([((q // w - k // w) ** 2 + (q % w - k % w) ** 2) ** 0.5 for k in range(T - 1)]) * patch_size
        result += (row * d).sum(-1).mean(1)
    return result
