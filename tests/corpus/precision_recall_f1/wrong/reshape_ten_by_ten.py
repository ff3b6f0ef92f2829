# expect: fail codes=hardcoded_classes
import torch


def precision_recall_f1(confusion):
    c = confusion.reshape(10, 10).double()
    tp = c.diag()
    p = tp / c.sum(0).clamp(min=1)
    r = tp / c.sum(1).clamp(min=1)
    f = 2 * p * r / (p + r).clamp(min=1e-9)
    return p, r, f
