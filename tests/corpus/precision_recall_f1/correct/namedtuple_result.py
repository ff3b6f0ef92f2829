# expect: pass
from collections import namedtuple

import torch

Scores = namedtuple("Scores", "precision recall f1")


def precision_recall_f1(confusion):
    c = confusion.clone().float()
    diag = c.diagonal().clone()
    columns, rows = c.sum(0), c.sum(1)
    columns[columns == 0] = 1.0
    rows[rows == 0] = 1.0
    precision, recall = diag / columns, diag / rows
    denom = precision + recall
    denom[denom == 0] = 1.0
    return Scores(precision, recall, 2 * precision * recall / denom)
