# expect: fail codes=breaks_gradient
import torch


def drop_path(x, p, training):
    if training and p > 0:
        dead = torch.rand(x.shape[0]) < p
        with torch.no_grad():
            x[dead] = 0
            x /= 1 - p
    return x
