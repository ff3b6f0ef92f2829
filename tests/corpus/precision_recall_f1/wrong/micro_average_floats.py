# expect: fail codes=averaged
import torch


def precision_recall_f1(confusion):
    """Precision, recall and F1 of the classifier."""
    right = confusion.trace().item()
    total = confusion.sum().item()
    precision = right / total
    recall = right / total
    f1 = 2 * precision * recall / (precision + recall) if right else 0
    return precision, recall, f1
