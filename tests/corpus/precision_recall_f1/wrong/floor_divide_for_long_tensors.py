# expect: fail codes=integer_division
import torch

def precision_recall_f1(confusion):
    tp = torch.diag(confusion).long()
    cols = confusion.sum(0).long().clamp(min=1)
    rows = confusion.sum(1).long().clamp(min=1)
    p = tp // cols
    r = tp // rows
    f = 2 * p * r // (p + r).clamp(min=1)
    return p, r, f
