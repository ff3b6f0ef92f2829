# expect: pass
import torch


def attention_rollout(attention):
    """With columns instead of rows: (A_L ... A_1)^T = A_1^T ... A_L^T."""
    a = attention.mean(2).transpose(-1, -2)          # columns sum to 1 now
    a = (a + torch.eye(a.shape[-1]).type_as(a)) / 2
    a = a / a.sum(-2, keepdim=True)
    flow = a[0]
    for nxt in a[1:]:
        flow = flow @ nxt
    return flow.transpose(-1, -2)
