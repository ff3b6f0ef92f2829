# expect: fail codes=unknown
import torch


def attention_rollout(attention):
    a = attention / attention.sum(-1, keepdim=True)
    a = 0.5 * a.mean(2) + 0.5 * torch.eye(a.shape[-1])
    a = a / a.sum(-1, keepdim=True)
    r = a[0]
    for m in a[1:]:
        r = m @ r
    return r
