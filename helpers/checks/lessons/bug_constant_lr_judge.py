"""Verdict on `bug_constant_lr`: positions begin small beside the patches, and the learning rate falls to zero."""

from __future__ import annotations

from ..report import CheckReport
from .bug_constant_lr import EXERCISE
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and returns an optimiser and a scheduler"
START = "class token and positions start small"
ALL = "the optimiser trains every parameter"
PEAK = "the learning rate reaches lr, and not more"
FALLS = "it falls to zero at the last step"
RUNGS = (RUNS, START, ALL, PEAK, FALLS)
LARGEST = 0.2  # standard deviation; the usual one is 0.02, that of torch.randn 1
LEAST = 0.87  # of lr; a warm-up of a tenth below a line that falls from the first step on reaches 0.88 and more
LAST = 0.095  # of the peak; a straight line ends below 0.03


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    for case in names:
        error = seen[f"{case}.error"] or seen.get(f"{case}.steps.error", "")
        if error or not seen.get(f"{case}.pair"):
            got = "(scheduler, optimizer)" if seen.get(f"{case}.swapped") else f"a {seen[f'{case}.type']}"
            return steps.stop(RUNS, "raises" if error else "wrong_shape", error=error, got=got, want="(optimizer, scheduler)")
    steps.rung(RUNS, True)
    large = any(float(seen[f"{case}.{part}"].square().mean()) ** 0.5 > LARGEST for case in names for part in ("positions", "token"))
    steps.ok(START, not large, "positions_too_large")
    rates = [seen[f"{case}.rates"] / given[f"{case}.lr"] for case in names]  # [steps, groups] each
    frozen = any(bool((rate.amax(0) <= 0).any()) for rate in rates)
    steps.ok(ALL, not frozen and not any(seen[f"{case}.missing"] for case in names), "optimizer_misses_parameters")
    peaks = [float(rate.max()) for rate in rates]
    steps.ok(PEAK, LEAST <= min(peaks) and max(peaks) <= 1.01, "lr_ignored", got=f"{max(peaks, key=lambda peak: abs(peak - 1)):.2g}")
    last = max(float((rate[-1] / rate.amax(0).clamp(min=1e-12)).max()) for rate in rates)
    steps.ok(FALLS, last <= LAST, "constant_lr", got=f"{last:.0%}")
    return steps.report()
