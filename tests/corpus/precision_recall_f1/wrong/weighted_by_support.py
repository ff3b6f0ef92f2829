# expect: fail codes=averaged
import torch


def precision_recall_f1(confusion):
    c = confusion.double()
    w = c.sum(1) / c.sum()
    p = c.diag() / c.sum(0).clamp(min=1)
    r = c.diag() / c.sum(1).clamp(min=1)
    f = 2 * p * r / (p + r).clamp(min=1e-12)
    return (w * p).sum(), (w * r).sum(), (w * f).sum()
