# expect: fail codes=residual_wrong
import torch

def attention_rollout(attention):
    eye = torch.eye(attention.shape[-1], dtype=attention.dtype)
    out = eye
    for layer in attention:
        a = layer.mean(dim=1) + 0.5 * eye       # only one of the two halves
        a = a / a.sum(dim=-1, keepdim=True)
        out = a @ out
    return out
