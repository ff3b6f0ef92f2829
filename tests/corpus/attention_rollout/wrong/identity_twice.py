# expect: fail codes=residual_wrong
import torch


def attention_rollout(attention):
    a = attention.mean(dim=2)
    eye = torch.eye(a.shape[-1], dtype=a.dtype)
    a = a + 2 * eye
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out
