# expect: fail codes=layers_averaged
import torch

def attention_rollout(attention):
    a = attention.mean(dim=2)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
    a = a / a.sum(-1, keepdim=True)
    return a.mean(dim=0)
