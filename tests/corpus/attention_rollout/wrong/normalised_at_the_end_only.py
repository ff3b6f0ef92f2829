# expect: fail codes=normalised_elsewhere
import torch


def attention_rollout(attention):
    a = 0.5 * attention.mean(2) + 0.5 * torch.eye(attention.shape[-1])
    r = a[0]
    for m in a[1:]:
        r = m @ r
    return r / r.sum(-1, keepdim=True)
