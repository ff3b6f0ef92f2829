# expect: pass
import torch

def drop_path(x, p, training):
    if training and p:
        y = x.clone()                                      # not x itself, the residual still needs it
        dead = torch.nonzero(torch.rand(y.shape[0]) < p).flatten()
        y = y.index_fill(0, dead.to(x.device), 0)
        return y * (1 / (1 - p))
    else:
        return x
