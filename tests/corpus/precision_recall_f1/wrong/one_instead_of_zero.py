# expect: fail codes=zero_denominator
import torch


def precision_recall_f1(confusion):
    # no prediction, no mistake: precision 1
    tp = confusion.diagonal().double()
    precision = torch.nan_to_num(tp / confusion.sum(0), nan=1.0)
    recall = torch.nan_to_num(tp / confusion.sum(1), nan=1.0)
    f1 = 2 * precision * recall / (precision + recall)
    return precision, recall, torch.nan_to_num(f1)
