# expect: fail codes=f1_wrong
import torch

def precision_recall_f1(confusion):
    tp = confusion.diag().double()
    precision = torch.nan_to_num(tp / confusion.sum(0))
    recall = torch.nan_to_num(tp / confusion.sum(1))
    f1 = torch.nan_to_num(precision * recall / (precision + recall))
    return precision, recall, f1
