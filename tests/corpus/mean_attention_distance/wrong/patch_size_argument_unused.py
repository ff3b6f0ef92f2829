# expect: fail codes=distance_in_patches
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    centres = [(i + 0.5, j + 0.5) for i in range(h) for j in range(w)]
    n = len(centres)
    d = torch.tensor([[((a - c) ** 2 + (b - e) ** 2) ** .5 for (c, e) in centres] for (a, b) in centres])
    a = attention[..., 1:, 1:].float()
    a = a / a.sum(-1, keepdim=True)
    return (a * d).sum(-1).sum(-1).mean(1) / n
