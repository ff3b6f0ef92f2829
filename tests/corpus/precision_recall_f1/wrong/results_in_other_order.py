# expect: fail codes=swapped_axes
import torch

def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    recall = tp / confusion.sum(1).clamp(min=1)
    precision = tp / confusion.sum(0).clamp(min=1)
    f1 = 2 * recall * precision / (recall + precision).clamp(min=1e-12)
    return recall, precision, f1
