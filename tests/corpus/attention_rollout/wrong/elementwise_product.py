# expect: fail codes=elementwise_product
import torch


def attention_rollout(attention):
    eye = torch.eye(attention.shape[-1], dtype=attention.dtype)
    a = 0.5 * attention.mean(2) + 0.5 * eye
    a = a / a.sum(-1, keepdim=True)
    out = a[0]
    for layer in a[1:]:
        out = layer * out
    return out
