"""Inputs of `precision_recall_f1`: confusion matrices with empty rows, empty columns and zero diagonals among them."""

from __future__ import annotations

import torch

from ..run import generator
from .results import gather, plain

EXERCISE = "precision_recall_f1"
probe = plain("confusion", results=3)


def inputs(seed: int) -> dict:
    """Confusion matrices [K, K], int64. Precision, recall and every mistake with them differ in each case."""
    g = generator(seed, EXERCISE)

    def counts(classes: int, low: int, high: int) -> torch.Tensor:
        return torch.randint(low, high, (classes, classes), generator=g) + 9 * torch.eye(classes, dtype=torch.int64)

    empty = counts(6, 1, 30)
    empty[1, :] = 0                # no image of class 1, but some were called so
    empty[:, 2] = 0                # class 2 is never predicted
    empty[3, :] = empty[:, 3] = 0  # class 3 does not occur at all
    empty[4, 4] = 0                # class 4 is never right: precision and recall are both 0
    perfect = counts(3, 1, 30)
    perfect[0, 1:] = perfect[1:, 0] = 0  # class 0 is never mistaken: nothing beside the diagonal, and nothing is 0
    return gather(plain={"confusion": counts(4, 1, 30)}, two={"confusion": counts(2, 1, 30)}, ten={"confusion": counts(10, 0, 30)},
                  large={"confusion": counts(3, 500, 9000)}, empty={"confusion": empty}, perfect={"confusion": perfect},
                  one={"confusion": counts(1, 1, 30)})
