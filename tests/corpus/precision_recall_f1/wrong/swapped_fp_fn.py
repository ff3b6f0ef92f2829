# expect: fail codes=swapped_axes
import torch

def precision_recall_f1(confusion):
    confusion = confusion.float()
    TP = torch.diag(confusion)
    FP = confusion.sum(dim=1) - TP      # false positives: the rest of my row
    FN = confusion.sum(dim=0) - TP
    precision = torch.where(TP + FP > 0, TP / (TP + FP), 0.0)
    recall = torch.where(TP + FN > 0, TP / (TP + FN), 0.0)
    f1 = torch.where(precision + recall > 0, 2 * precision * recall / (precision + recall), 0.0)
    return precision, recall, f1
