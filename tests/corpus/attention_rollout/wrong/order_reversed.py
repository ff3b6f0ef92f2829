# expect: fail codes=wrong_order
import torch

def attention_rollout(attention):
    a = attention.mean(dim=2)
    eye = torch.eye(a.shape[-1], dtype=a.dtype)
    a = 0.5 * a + 0.5 * eye
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = out @ layer
    return out
