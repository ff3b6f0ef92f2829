# expect: fail codes=layers_averaged
import torch

def attention_rollout(attention):
    a = attention.mean(dim=2)
    eye = torch.eye(a.shape[-1], dtype=a.dtype)
    out = torch.zeros_like(a[0])
    for layer in a:
        layer = 0.5 * layer + 0.5 * eye
        out = out + layer / layer.sum(-1, keepdim=True)
    return out / out.sum(-1, keepdim=True)
