# expect: pass
import torch


def attention_rollout(attention):
    mean = torch.einsum("lbhij->lbij", attention) / attention.shape[2]
    half = torch.lerp(mean, torch.eye(mean.shape[-1]).to(mean).expand_as(mean), 0.5)
    half = half / torch.einsum("lbij->lbi", half)[..., None]
    R, *above = half.unbind(0)
    for A in above:
        R = torch.einsum("bij,bjk->bik", A, R)
    return R
