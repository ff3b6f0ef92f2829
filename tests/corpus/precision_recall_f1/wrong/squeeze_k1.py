# expect: fail codes=raises
import torch

def precision_recall_f1(confusion):
    c = confusion.float().squeeze()
    tp = c.diag()
    p, r = tp / c.sum(0).clamp(min=1), tp / c.sum(1).clamp(min=1)
    return p, r, torch.nan_to_num(2 * p * r / (p + r))
