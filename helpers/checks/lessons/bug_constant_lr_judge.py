"""Verdict on `bug_constant_lr`: positions begin small beside the patches, and the learning rate falls towards the end."""

from __future__ import annotations

from ..report import CheckReport
from .bug_constant_lr import EXERCISE
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and returns an optimiser and a scheduler"
START = "class token and positions start small"
PEAK = "the learning rate reaches lr, and not more"
FALLS = "it falls towards the last step"
ALL = "the optimiser has every parameter"
RUNGS = (RUNS, START, ALL, PEAK, FALLS)
LARGEST = 0.2  # standard deviation; the usual one is 0.02, that of torch.randn 1


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    for case in names:
        error = seen[f"{case}.error"] or seen.get(f"{case}.steps.error", "")
        if error or not seen.get(f"{case}.pair"):
            return steps.stop(RUNS, "raises" if error else "wrong_shape", error=error, got=f"a {seen[f'{case}.type']}", want="(optimizer, scheduler)")
    steps.rung(RUNS, True)
    large = any(float(seen[f"{case}.{part}"].square().mean()) ** 0.5 > LARGEST for case in names for part in ("positions", "token"))
    steps.ok(START, not large, "positions_too_large")
    steps.ok(ALL, not any(seen[f"{case}.missing"] for case in names), "optimizer_misses_parameters")
    rates = {case: seen[f"{case}.rates"] / given[f"{case}.lr"] for case in names}
    steps.ok(PEAK, all(0.5 <= float(rate.max()) <= 1.01 for rate in rates.values()), "lr_ignored")
    steps.ok(FALLS, all(float(rate[-1]) <= 0.3 * float(rate.max()) for rate in rates.values()), "constant_lr")
    return steps.report()
