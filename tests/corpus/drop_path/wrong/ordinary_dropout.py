# expect: fail codes=per_element
import torch.nn.functional as F


def drop_path(x, p, training):
    return F.dropout(x, p, training)
