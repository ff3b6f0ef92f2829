# expect: fail codes=elementwise_product
from functools import reduce
import torch


def attention_rollout(attention):
    eye = torch.eye(attention.shape[-1], dtype=attention.dtype)
    maps = [(layer.mean(1) + eye) / 2 for layer in attention]
    maps = [m / m.sum(-1, keepdim=True) for m in maps]
    out = reduce(lambda a, b: a * b, maps)
    return out / out.sum(-1, keepdim=True)
