# expect: pass
import numpy as np
import torch


def attention_rollout(attention):
    A = attention.detach().cpu().numpy()
    L, B, H, T, _ = A.shape
    out = np.zeros((B, T, T), dtype=A.dtype)
    for b in range(B):
        R = np.eye(T)
        for l in range(L):
            M = 0.5 * A[l, b].mean(axis=0) + 0.5 * np.eye(T)
            M = M / M.sum(axis=1, keepdims=True)
            R = M.dot(R)
        out[b] = R
    return torch.from_numpy(out)
