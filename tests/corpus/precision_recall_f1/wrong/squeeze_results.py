# expect: fail codes=unknown
import torch

def precision_recall_f1(confusion):
    """torch.diag of a squeezed matrix; F1 falls back to a mean for a single class."""
    c = confusion.float()
    tp = c.diag()
    p, r = tp / c.sum(0).clamp(min=1), tp / c.sum(1).clamp(min=1)
    f = torch.nan_to_num(2 * p * r / (p + r))
    return p.squeeze(), r.squeeze(), f.squeeze()
