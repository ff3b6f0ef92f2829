# expect: fail codes=residual_missing
from functools import reduce
import torch


def attention_rollout(attention):
    return reduce(lambda below, here: here @ below, attention.mean(dim=2))
