# expect: fail codes=per_token
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    if p >= 1:
        return x * 0
    shape = [1] * x.dim()
    shape[1] = x.shape[1]                    # batch is axis 1, isn't it
    keep = (torch.rand(shape) >= p).to(x.dtype)
    return x * keep / (1 - p)
