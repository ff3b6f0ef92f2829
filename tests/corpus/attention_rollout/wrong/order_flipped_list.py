# expect: fail codes=wrong_order
import torch


def attention_rollout(attention):
    eye = torch.eye(attention.shape[-1], dtype=attention.dtype)
    out = eye
    for layer in attention.flip(0):
        a = (layer.mean(1) + eye) / 2
        out = (a / a.sum(-1, keepdim=True)) @ out
    return out
