# expect: pass
import torch


def one_layer(a):
    a = a.mean(dim=1)
    a = a / 2 + torch.eye(a.shape[-1], dtype=a.dtype, device=a.device) / 2
    return a / a.sum(dim=2, keepdim=True)


def attention_rollout(attention):
    top = one_layer(attention[-1])
    if len(attention) == 1:
        return top
    return top @ attention_rollout(attention[:-1])
