# expect: pass
import random
import torch

def drop_path(x, p, training):
    if (not training) or p == 0:
        return x
    out = []
    for sample in x:
        if random.random() < p:
            out.append(torch.zeros_like(sample))      # this image skips the branch
        else:
            out.append(sample / (1 - p))
    return torch.stack(out)
