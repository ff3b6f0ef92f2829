# expect: fail codes=wrong_shape
import torch

def precision_recall_f1(confusion):
    c = confusion.double()
    tp = c.diag().reshape(-1, 1)
    p = tp / c.sum(dim=0, keepdim=True).clamp(min=1)
    r = tp / c.sum(dim=1, keepdim=True).clamp(min=1)
    f = 2 * p * r / (p + r).clamp(min=1e-12)
    return p, r, f
