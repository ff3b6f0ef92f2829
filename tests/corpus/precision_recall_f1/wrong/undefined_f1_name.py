# expect: fail codes=raises
import torch

def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    precision = tp / confusion.sum(0).clamp(min=1)
    recall = tp / confusion.sum(1).clamp(min=1)
    return precision, recall, F1
