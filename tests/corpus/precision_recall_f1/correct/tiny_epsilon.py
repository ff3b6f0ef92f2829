# expect: pass
import torch

EPS = 1e-12

def precision_recall_f1(confusion):
    # epsilon so we never divide by zero
    confusion = confusion.double()
    true_pos = confusion.diagonal()
    precision = true_pos / (confusion.sum(0) + EPS)
    recall = true_pos / (confusion.sum(1) + EPS)
    f1 = 2 * precision * recall / (precision + recall + EPS)
    return precision, recall, f1
