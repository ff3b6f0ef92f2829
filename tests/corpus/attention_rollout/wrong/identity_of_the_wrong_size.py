# expect: fail codes=raises
import torch

def attention_rollout(attention):
    L, B, H, T, _ = attention.shape
    a = attention.mean(dim=2)
    a = 0.5 * a + 0.5 * torch.eye(T - 1, dtype=a.dtype)      # number of patches
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out
