# expect: fail codes=normalised_elsewhere
import torch


def attention_rollout(attention):
    r = torch.eye(attention.shape[-1]).expand(attention.shape[1], -1, -1)
    for layer in attention:
        r = (layer.mean(1) + torch.eye(attention.shape[-1])) / 2 @ r
    return r / r.sum(-1, keepdim=True)
