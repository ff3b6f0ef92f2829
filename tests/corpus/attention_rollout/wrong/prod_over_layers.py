# expect: fail codes=elementwise_product
import torch

def attention_rollout(attention):
    a = attention.mean(2)
    a = 0.5 * a + 0.5 * torch.eye(a.shape[-1], dtype=a.dtype)
    a = a / a.sum(-1, keepdim=True)
    return a.prod(dim=0)
