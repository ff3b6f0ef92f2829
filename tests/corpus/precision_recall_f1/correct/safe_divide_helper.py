# expect: pass
import torch

def safe_divide(a, b):
    out = torch.zeros_like(a)
    ok = b != 0
    out[ok] = a[ok] / b[ok]
    return out

def precision_recall_f1(confusion):
    confusion = confusion.float()
    TP = torch.diagonal(confusion)
    FP = confusion.sum(dim=0) - TP
    FN = confusion.sum(dim=1) - TP

    precision = safe_divide(TP, TP + FP)
    recall = safe_divide(TP, TP + FN)
    f1 = safe_divide(2 * precision * recall, precision + recall)
    return precision, recall, f1
