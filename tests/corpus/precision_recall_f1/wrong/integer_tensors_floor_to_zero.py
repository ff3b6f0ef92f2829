# expect: fail codes=integer_division
import torch

def precision_recall_f1(confusion):
    K = len(confusion)
    precision = torch.zeros(K, dtype=confusion.dtype)
    recall = torch.zeros(K, dtype=confusion.dtype)
    f1 = torch.zeros(K, dtype=confusion.dtype)
    for k in range(K):
        if confusion[:, k].sum() > 0:
            precision[k] = confusion[k, k] // confusion[:, k].sum()
        if confusion[k].sum() > 0:
            recall[k] = confusion[k, k] // confusion[k].sum()
        if precision[k] + recall[k] > 0:
            f1[k] = 2 * precision[k] * recall[k] // (precision[k] + recall[k])
    return precision, recall, f1
