# expect: fail codes=f1_wrong
import torch

def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    p = tp / confusion.sum(0).clamp(min=1)
    r = tp / confusion.sum(1).clamp(min=1)
    return p, r, p * r
