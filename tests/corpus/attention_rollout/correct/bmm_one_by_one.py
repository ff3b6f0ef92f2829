# expect: pass
import torch

def attention_rollout(attention):
    num_layers = attention.shape[0]
    T = attention.shape[-1]
    rollout = None
    for l in range(num_layers):
        heads = attention[l]                         # [B, H, T, T]
        mean_head = heads.sum(1) / heads.shape[1]
        mixed = mean_head * 0.5 + torch.eye(T)[None] * 0.5
        mixed = mixed / mixed.sum(2, keepdim=True)
        if rollout is None:
            rollout = mixed
        else:
            rollout = torch.bmm(mixed, rollout)
    return rollout
