# expect: pass
import torch

def precision_recall_f1(confusion):
    tp = torch.diag(confusion)
    p = torch.nan_to_num(tp / confusion.sum(0))
    r = torch.nan_to_num(tp / confusion.sum(1))
    f = torch.nan_to_num(2 * p * r / (p + r))
    return p, r, f
