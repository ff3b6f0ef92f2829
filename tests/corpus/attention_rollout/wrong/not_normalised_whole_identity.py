# expect: fail codes=rows_not_normalised
import torch

def attention_rollout(attention):
    a = attention.mean(dim=2) + torch.eye(attention.shape[-1], dtype=attention.dtype)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out
