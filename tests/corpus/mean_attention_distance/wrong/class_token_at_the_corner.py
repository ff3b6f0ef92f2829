# expect: fail codes=class_token_kept
import torch

def mean_attention_distance(attention, grid, patch_size):
    h, w = grid
    pos = [(0.0, 0.0)]
    for r in range(h):
        for c in range(w):
            pos.append(((r + 0.5) * patch_size, (c + 0.5) * patch_size))
    pos = torch.tensor(pos, dtype=attention.dtype)
    dist = torch.cdist(pos, pos)
    return (attention * dist).sum(-1).mean(dim=(1, 3))
