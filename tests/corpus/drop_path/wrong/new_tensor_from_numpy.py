# expect: fail codes=breaks_gradient
import numpy as np
import torch


def drop_path(x, p, training):
    if not training or p == 0:
        return x
    a = x.detach().numpy().copy()
    for i in range(len(a)):
        if np.random.rand() < p:
            a[i] = 0
        else:
            a[i] = a[i] / (1 - p)
    return torch.from_numpy(a)
