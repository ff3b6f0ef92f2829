# expect: fail codes=unknown
import torch

def precision_recall_f1(confusion):
    c = confusion.double()
    tp = c.diag()
    fp = c.sum(0) - tp
    fn = c.sum(1) - tp
    tn = c.sum() - tp - fp - fn
    precision = (tp + tn) / c.sum()
    recall = tp / (tp + fn).clamp(min=1)
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return precision, recall, f1
