# expect: fail codes=rows_not_normalised
import torch

def attention_rollout(attention):
    L, B, H, T, _ = attention.shape
    result = torch.eye(T, dtype=attention.dtype).repeat(B, 1, 1)
    for l in range(L):
        for b in range(B):
            a = attention[l, b].mean(0)
            a = a + 0.5 * torch.eye(T, dtype=attention.dtype)
            a = a / a.sum(dim=0)
            result[b] = a @ result[b]
    return result
