# expect: fail codes=class_row_only
import torch

def attention_rollout(attention):
    T = attention.shape[-1]
    out = torch.eye(T, dtype=attention.dtype)
    for layer in attention:
        a = 0.5 * layer.mean(1) + 0.5 * torch.eye(T, dtype=attention.dtype)
        out = (a / a.sum(-1, keepdim=True)) @ out
    return out[:, 0]
