# expect: fail codes=per_element
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    keep = 1 - p
    mask = torch.rand_like(x) < keep
    return x * mask / keep
