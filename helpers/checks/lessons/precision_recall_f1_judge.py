"""Verdict on `precision_recall_f1`: share of the predictions and of the images of a class that are right, and their harmonic mean."""

from __future__ import annotations

import torch

from ..report import CheckReport
from ..run import close
from .precision_recall_f1 import EXERCISE
from .verdict import Steps, empty

RUNS = "it runs and returns three results"
SHAPE = "each result holds one number a class"
PRECISION = "precision: of the images called k, the share that are k"
RECALL = "recall: of the images of class k, the share that are found"
F1 = "F1 is the harmonic mean of the two"
ZERO = "0 where a denominator is 0"
SIZES = "any number of classes, and counts of any size"
RUNGS = (RUNS, SHAPE, PRECISION, RECALL, F1, ZERO, SIZES)


def target(confusion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Precision, recall and F1 [K] of a confusion matrix [K, K], rows true, columns predicted."""
    right, total = confusion.double().diagonal(), confusion.double()
    called, present = total.sum(0), total.sum(1)
    precision, recall = right / called.clamp(min=1), right / present.clamp(min=1)
    both = precision + recall
    return precision, recall, torch.where(both > 0, 2 * precision * recall / torch.where(both > 0, both, 1.0), 0.0)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "plain"):
        return report
    if seen["plain.error"]:
        ten = not seen["ten.error"] and _right(seen, given, "ten")
        return steps.stop(RUNS, "hardcoded_classes" if ten else "raises", error=seen["plain.error"])
    got = [seen.get(f"plain.{k}") for k in range(3)]
    single = seen.get("plain")
    if seen.get("plain.count") != 3 or any(part is None for part in got):
        averaged = single is not None and single.numel() == 1
        return steps.stop(RUNS, "averaged" if averaged else "wrong_shape",
                          got=f"{seen.get('plain.count', 1)} results" if not averaged else "one number", want="three results")
    steps.rung(RUNS, True)
    if any(tuple(part.shape) != (4,) for part in got):
        bad = next(part for part in got if tuple(part.shape) != (4,))
        return steps.stop(SHAPE, "averaged" if bad.numel() == 1 else "hardcoded_classes" if tuple(bad.shape) == (10,) else "wrong_shape",
                          got=tuple(bad.shape), want=(4,))
    steps.rung(SHAPE, True)
    confusion = given["plain.confusion"].double()
    want = target(confusion)
    code = _mistake(got, want, confusion)
    steps.ok(PRECISION, close(got[0], want[0]), code, detail="Precision of class k: the diagonal over the sum of column k.")
    steps.ok(RECALL, close(got[1], want[1]), code, detail="Recall of class k: the diagonal over the sum of row k.")
    if close(got[0], want[0]) and close(got[1], want[1]):
        steps.ok(F1, close(got[2], want[2]), code if code == "zero_denominator" else "f1_wrong")
    if steps.diagnoses:
        return steps.report()
    steps.ok(ZERO, _right(seen, given, "empty"), "zero_denominator")
    others = [case for case in ("two", "ten", "large", "perfect", "one") if not _right(seen, given, case)]
    if others:
        error, classes = seen.get(f"{others[0]}.error", ""), len(given[f"{others[0]}.confusion"])
        steps.fail(SIZES, "raises" if error else "unknown", error=f"with K = {classes}: {error}" if error else "", detail=(
            "With a single class each result is still [1], and here it is 1." if others == ["one"] else
            "It fails for another number of classes, for large counts, or for a class without a single mistake."))
    else:
        steps.rung(SIZES, True)
    return steps.report()


def _right(seen: dict, given: dict, case: str) -> bool:
    return all(close(seen.get(f"{case}.{k}"), want) for k, want in enumerate(target(given[f"{case}.confusion"])))


def _mistake(got, want, confusion) -> str:
    """Which slip explains precision and recall (or F1, where these are right)."""
    precision, recall, _ = want
    right, total = confusion.diagonal(), confusion.sum()
    whole = torch.cat(got)
    if ((whole - whole.round()).abs() < 1e-9).all() and (whole.abs() <= 1).all():
        return "integer_division"
    if any((part - part[0]).abs().max() < 1e-9 for part in got[:2]):
        return "averaged"
    if close(got[0], recall) or close(got[1], precision):
        return "swapped_axes"
    if close(got[0], right / total) or close(got[1], right / total):
        return "divided_by_total"
    if _smoothed(got[0], right, confusion.sum(0)) or _smoothed(got[1], right, confusion.sum(1)):
        return "zero_denominator"
    both = precision + recall
    if close(got[0], precision) and close(got[1], recall) and _smoothed(got[2], 2 * precision * recall, both):
        return "zero_denominator"
    return "unknown"


def _smoothed(part: torch.Tensor, top: torch.Tensor, bottom: torch.Tensor) -> bool:
    """Whether a constant, too large to go unnoticed, was added below: part = top / (bottom + constant)."""
    added = top / part - bottom
    return bool(torch.isfinite(added).all() and added.min() > 1e-6 and (added - added.mean()).abs().max() < 1e-3 * added.mean() + 1e-4)
