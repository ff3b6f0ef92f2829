# expect: fail codes=divided_by_total
import torch

def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    n = confusion.sum()
    precision = tp / n
    recall = tp / confusion.sum(1).clamp(min=1)
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return precision, recall, f1
