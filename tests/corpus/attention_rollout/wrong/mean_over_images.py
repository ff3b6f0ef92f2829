# expect: fail codes=batch_mixed
import torch


def attention_rollout(attention):
    L, B, H, T, _ = attention.shape
    a = attention.mean(dim=(1, 2), keepdim=True).expand(L, B, 1, T, T).squeeze(2)
    a = 0.5 * a + 0.5 * torch.eye(T, dtype=a.dtype)
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out
