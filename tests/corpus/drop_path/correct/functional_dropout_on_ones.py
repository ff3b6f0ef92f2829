# expect: pass
import torch
import torch.nn.functional as F


def drop_path(x, p, training):
    """F.dropout on one number per sample does both: it drops and it scales."""
    ones = x.new_ones(x.shape[:1] + (1,) * (x.ndim - 1))
    return x * F.dropout(ones, p=p, training=training)
