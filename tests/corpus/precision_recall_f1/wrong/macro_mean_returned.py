# expect: fail codes=averaged
import torch

def precision_recall_f1(confusion):
    confusion = confusion.double()
    tp = confusion.diag()
    precision = (tp / confusion.sum(0)).nan_to_num()
    recall = (tp / confusion.sum(1)).nan_to_num()
    f1 = (2 * precision * recall / (precision + recall)).nan_to_num()
    return precision.mean(), recall.mean(), f1.mean()
