# expect: fail codes=unknown
import torch

def attention_rollout(attention):
    a = 0.5 * attention + 0.5 * torch.eye(attention.shape[-1], dtype=attention.dtype)
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer @ out
    return out.mean(dim=1)
