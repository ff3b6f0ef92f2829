# expect: fail codes=last_layer_only
import torch


def attention_rollout(attention):
    for layer in attention:
        a = layer.mean(dim=1)
        a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
        rollout = a / a.sum(dim=-1, keepdim=True)
        return rollout
