# expect: fail codes=normalised_elsewhere
import torch


def attention_rollout(attention):
    a = attention.mean(2)
    a = a / a.sum(-1, keepdim=True)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1])
    r = a[0]
    for m in a[1:]:
        r = m @ r
    return r
