# expect: fail codes=f1_wrong
import torch


def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    precision = tp / confusion.sum(0).clamp(min=1)
    recall = tp / confusion.sum(1).clamp(min=1)
    f1 = (precision + recall) / 2
    return precision, recall, f1
