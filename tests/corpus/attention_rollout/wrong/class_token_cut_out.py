# expect: fail codes=wrong_shape
import torch


def attention_rollout(attention):
    a = attention.mean(dim=2)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out[:, 1:, 1:]
