# expect: fail codes=integer_division
import torch

def precision_recall_f1(confusion):
    K = confusion.shape[0]
    p, r, f = (torch.zeros_like(confusion[0]) for _ in range(3))
    for k in range(K):
        tp = confusion[k, k].item()
        called, are = confusion[:, k].sum().item(), confusion[k].sum().item()
        if called:
            p[k] = tp / called
        if are:
            r[k] = tp / are
        if called + are:
            f[k] = 2 * tp / (called + are)
    return p, r, f
