# expect: fail codes=divided_by_total
import torch


def precision_recall_f1(confusion):
    share = confusion / confusion.sum()
    precision = share.diagonal()
    recall = share.diagonal()
    f1 = torch.nan_to_num(2 * precision * recall / (precision + recall))
    return precision, recall, f1
