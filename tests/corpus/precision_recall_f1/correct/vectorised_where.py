# expect: pass
import torch


def precision_recall_f1(confusion):
    """Precision, recall and F1 of every class."""
    cm = confusion.double()
    tp = cm.diagonal()
    predicted = cm.sum(dim=0)
    actual = cm.sum(dim=1)
    zero = torch.zeros_like(tp)
    precision = torch.where(predicted > 0, tp / predicted, zero)
    recall = torch.where(actual > 0, tp / actual, zero)
    f1 = torch.where(precision + recall > 0, 2 * precision * recall / (precision + recall), zero)
    return precision, recall, f1
