# expect: fail codes=f1_wrong
import torch

def precision_recall_f1(confusion):
    c = confusion.float()
    tp = c.diag()
    p, r = tp / c.sum(0).clamp(min=1), tp / c.sum(1).clamp(min=1)
    return p, r, 2 * p * r / (p + r).clamp(min=1)
