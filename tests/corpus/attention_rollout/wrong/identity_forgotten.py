# expect: fail codes=residual_missing
import torch


def attention_rollout(attention):
    a = attention.mean(dim=2)
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out
