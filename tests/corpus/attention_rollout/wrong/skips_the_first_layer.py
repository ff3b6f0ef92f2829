# expect: fail codes=unknown
import torch


def attention_rollout(attention):
    a = attention.mean(dim=2)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
    a = a / a.sum(-1, keepdim=True)
    out = torch.eye(a.shape[-1], dtype=a.dtype)
    for l in range(1, len(a)):
        out = a[l] @ out
    return out
