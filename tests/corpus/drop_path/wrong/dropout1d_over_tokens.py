# expect: fail codes=per_token
import torch
import torch.nn.functional as F

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    mask = F.dropout(x.new_ones(x.shape[0], x.shape[1]), p=p, training=True)
    return x * mask.view(*mask.shape, *[1] * (x.dim() - 2))
