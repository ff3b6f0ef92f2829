"""Verdict on `bug_callback_twice`: the history that comes back is that of the callback which the trainer called."""

from __future__ import annotations

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
        want = given[f"{case}.losses"].double().mean(1)
        if not close(seen[case], want, 1e-3):
            twice = seen[case].numel() == 2 * len(want)
            return steps.stop(EPOCHS, "counted_twice" if twice else "wrong_shape" if seen[case].shape != want.shape else "unknown",
                              got=tuple(seen[case].shape), want=tuple(want.shape), detail="These are not the losses that the module logged.")
    steps.rung(EPOCHS, True)
    steps.ok(GIVEN, all(seen[f"{case}.steps"] == given[f"{case}.losses"].numel() for case in names), "copy_trained")
    return steps.report()
