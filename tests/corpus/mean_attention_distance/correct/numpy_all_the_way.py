# expect: pass
import numpy as np
import torch


def mean_attention_distance(attention, grid, patch_size):
    A = attention.detach().cpu().numpy().astype(np.float64)[:, :, :, 1:, 1:]
    A = A / A.sum(axis=-1, keepdims=True)
    h, w = grid
    rc = np.array([(i, j) for i in range(h) for j in range(w)], dtype=float) * patch_size
    diff = rc[:, np.newaxis, :] - rc[np.newaxis, :, :]
    dist = np.sqrt((diff ** 2).sum(axis=-1))
    mad = (A * dist).sum(axis=-1).mean(axis=(1, 3))
    return torch.from_numpy(mad).to(attention.dtype)
