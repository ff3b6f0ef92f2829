"""Verdict on `bug_callback_twice`: the history that comes back is that of the callback which the trainer called."""

from __future__ import annotations

import torch

from ..report import CheckReport
from ..run import close
from .bug_callback_twice import EXERCISE
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and returns a list of numbers"
FILLED = "the history is not empty"
EPOCHS = "it holds one training loss an epoch"
GIVEN = "it trains the module that it is given"
RUNGS = (RUNS, FILLED, EPOCHS, GIVEN)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    for case in names:
        error = seen[f"{case}.error"]
        if error or case not in seen:
            return steps.stop(RUNS, "raises" if error else "wrong_shape", error=error, got=f"a {seen[f'{case}.type']}", want="a list of numbers")
    steps.rung(RUNS, True)
    if any(seen[case].numel() == 0 for case in names):
        return steps.stop(FILLED, "history_empty")
    steps.rung(FILLED, True)
    for case in names:
        losses = given[f"{case}.losses"].double()
        if code := _mistake(seen[case], losses):
            return steps.stop(EPOCHS, code, got=tuple(seen[case].shape), want=(len(losses),),
                              detail="These are not the losses of the epochs, one after the other: the loss of an epoch is the mean over all its batches.")
    steps.rung(EPOCHS, True)
    trained = {case: (seen[f"{case}.steps"], given[f"{case}.losses"].numel()) for case in names}
    got, want = next((pair for pair in trained.values() if pair[0] != pair[1]), (0, 0))
    steps.ok(GIVEN, got == want, "copy_trained" if got == 0 else "unknown",
             detail=f"The losses are right, but the module was trained on {got} batches and not on {want}. Train for `epochs` epochs, no more and no fewer.")
    return steps.report()


def _mistake(got: torch.Tensor, losses: torch.Tensor) -> str | None:
    """The code of a history that is wrong, None for a right one; losses: [epochs, steps]."""
    want = losses.mean(1)
    if close(got, want, 1e-3):
        return None
    known = {"counted_twice": want.repeat_interleave(2), "every_batch": losses.flatten()}
    found = next((code for code, wrong in known.items() if close(got, wrong, 1e-3)), None)
    if found is None and got.dim() == 1 and len(got) > len(want) and close(got[-len(want):], want, 1e-3):
        found = "losses_kept"
    return found or ("wrong_shape" if got.shape != want.shape else "unknown")
