# expect: fail codes=swapped_axes
import torch


def precision_recall_f1(confusion):
    tp = confusion.diagonal().double()
    precision = torch.nan_to_num(tp / confusion.sum(dim=1))
    recall = torch.nan_to_num(tp / confusion.sum(dim=0))
    f1 = torch.nan_to_num(2 * precision * recall / (precision + recall))
    return precision, recall, f1
