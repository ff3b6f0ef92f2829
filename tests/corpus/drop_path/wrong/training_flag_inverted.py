# expect: fail codes=active_in_eval
import torch

def drop_path(x, p, training):
    if training or p == 0:
        return x
    keep = 1 - p
    mask = torch.empty(x.shape[0], *[1] * (x.dim() - 1)).bernoulli_(keep).to(x)
    return x * mask / keep
