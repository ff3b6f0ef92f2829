# expect: fail codes=wrong_shape
import torch

def attention_rollout(attention):
    T = attention.shape[-1]
    out = torch.eye(T, dtype=attention.dtype)
    steps = []
    for layer in attention:
        a = 0.5 * layer.mean(1) + 0.5 * torch.eye(T, dtype=attention.dtype)
        out = (a / a.sum(-1, keepdim=True)) @ out
        steps.append(out)
    return torch.stack(steps)
