# expect: fail codes=active_in_eval
import torch
import torch.nn.functional as F

def drop_path(x, p, training):
    ones = torch.ones((x.shape[0],) + (1,) * (x.dim() - 1), dtype=x.dtype)
    return x * F.dropout(ones, p)
