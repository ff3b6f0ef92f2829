# expect: pass
import torch
from torch import Tensor


def precision_recall_f1(confusion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    counts = confusion.to(torch.float64)
    hits = counts.diag()
    per_column, per_row = counts.sum(0), counts.sum(1)
    # counts are whole numbers, so a total below one is zero, and then the hits are zero too
    precision = hits / per_column.clamp(min=1)
    recall = hits / per_row.clamp(min=1)
    f1 = 2 * hits / (per_column + per_row).clamp(min=1)   # Dice form of F1
    return precision, recall, f1
