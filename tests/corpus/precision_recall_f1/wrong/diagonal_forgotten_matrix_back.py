# expect: fail codes=wrong_shape
import torch


def precision_recall_f1(confusion):
    c = confusion.double()
    precision = c / c.sum(dim=0, keepdim=True).clamp(min=1)
    recall = c / c.sum(dim=1, keepdim=True).clamp(min=1)
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return precision, recall, f1
