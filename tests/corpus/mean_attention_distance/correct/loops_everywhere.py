# expect: pass
import math
import torch

def mean_attention_distance(attention, grid, patch_size):
    L, B, H, T, _ = attention.shape
    h, w = grid
    # centre of every patch in pixels
    pos = []
    for r in range(h):
        for c in range(w):
            pos.append((r * patch_size + patch_size / 2, c * patch_size + patch_size / 2))
    N = len(pos)
    dist = torch.zeros(N, N)
    for i in range(N):
        for j in range(N):
            dist[i, j] = math.sqrt((pos[i][0] - pos[j][0]) ** 2 + (pos[i][1] - pos[j][1]) ** 2)

    out = torch.zeros(L, H)
    for l in range(L):
        for hd in range(H):
            total = 0.0
            for b in range(B):
                A = attention[l, b, hd, 1:, 1:]
                for q in range(N):
                    row = A[q] / A[q].sum()
                    total = total + (row * dist[q]).sum()
            out[l, hd] = total / (B * N)
    return out
