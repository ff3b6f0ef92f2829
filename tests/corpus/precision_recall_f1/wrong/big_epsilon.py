# expect: fail codes=zero_denominator
import torch

def precision_recall_f1(confusion):
    eps = 1
    tp = confusion.diagonal().double()
    precision = tp / (confusion.sum(0) + eps)
    recall = tp / (confusion.sum(1) + eps)
    f1 = 2 * precision * recall / (precision + recall + 1e-12)
    return precision, recall, f1
