# expect: fail codes=last_layer_only
import torch

def attention_rollout(attention):
    a = attention[-1].mean(dim=1)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
    return a / a.sum(-1, keepdim=True)
