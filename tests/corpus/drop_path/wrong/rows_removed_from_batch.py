# expect: fail codes=wrong_shape
import torch

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    alive = torch.rand(x.shape[0]) >= p
    return x[alive] / (1 - p)
