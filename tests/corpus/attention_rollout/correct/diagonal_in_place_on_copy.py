# expect: pass
import torch


@torch.no_grad()
def attention_rollout(attention):
    a = attention.mean(dim=2).clone()
    a *= 0.5
    a.diagonal(dim1=-2, dim2=-1).add_(0.5)
    a /= a.sum(dim=-1, keepdim=True)
    joint = a[0].clone()
    for layer in a[1:]:
        joint = layer @ joint
    return joint
