# expect: pass
import torch

# follow every output token down the layers, one row of the answer at a time
def attention_rollout(attention):
    L, B, H, T, _ = attention.shape
    maps = attention.mean(dim=2)
    result = torch.zeros(B, T, T, dtype=attention.dtype)
    for b in range(B):
        for i in range(T):
            row = torch.zeros(T, dtype=attention.dtype)
            row[i] = 1.0
            for l in range(L - 1, -1, -1):
                A = 0.5 * maps[l, b] + 0.5 * torch.eye(T, dtype=attention.dtype)
                A = A / A.sum(dim=1, keepdim=True)
                row = row @ A
            result[b, i] = row
    return result
