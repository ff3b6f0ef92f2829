# expect: fail codes=residual_missing
import torch

def attention_rollout(attention):
    B, T = attention.shape[1], attention.shape[-1]
    out = torch.eye(T, dtype=attention.dtype).repeat(B, 1, 1)      # here is my identity
    for layer in attention:
        a = layer.mean(1)
        a = a / a.sum(-1, keepdim=True)
        out = a @ out
    return out
