# expect: fail codes=integer_division
import torch


def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    p = torch.nan_to_num(tp / confusion.sum(0))
    r = torch.nan_to_num(tp / confusion.sum(1))
    f = torch.nan_to_num(2 * p * r / (p + r))
    # same dtype as the counts
    return p.long(), r.long(), f.long()
