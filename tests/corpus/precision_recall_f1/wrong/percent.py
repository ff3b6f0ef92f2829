# expect: fail codes=unknown
import torch


def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    p = 100 * tp / confusion.sum(0).clamp(min=1)
    r = 100 * tp / confusion.sum(1).clamp(min=1)
    f = 2 * p * r / (p + r).clamp(min=1e-12)
    return p, r, f
