"""Verdict on `warmup_cosine`: a straight line up to 1, then half a cosine down to 0 (Loshchilov and Hutter 2017, equation 5).

Several ways of counting are right: the line may reach 1 at step warmup_steps - 1 or warmup_steps, the cosine 0 at step
total_steps - 1 or total_steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from ..report import CheckReport
from .results import cases
from .verdict import Steps, empty
from .warmup_cosine import EXERCISE

RUNS = "it runs and returns one number a step"
START = "it starts above 0 and rises"
LINE = "the warm-up is a straight line up to 1"
COSINE = "then it follows half a cosine"
END = "it ends at 0"
EDGE = "a warm-up of one step, or of all steps but one"
RUNGS = (RUNS, START, LINE, COSINE, END, EDGE)
EDGES = ("one", "most")  # cases that are asked last
NEAR = 1e-5


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = [case for case in cases(given) if case not in EDGES]
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    for case in names:
        error, total = seen[f"{case}.error"], given[f"{case}.total_steps"]
        if error or not isinstance(seen.get(case), torch.Tensor) or tuple(seen[case].shape) != (total,):
            return steps.stop(RUNS, "raises" if error else "wrong_shape", error=error, got=f"a {seen.get(f'{case}.odd') or seen[f'{case}.type']}", want="a number for every step")
        if not torch.isfinite(seen[case]).all():
            return steps.stop(RUNS, "unknown", detail="Some factors are no finite numbers.")
    steps.rung(RUNS, True)
    found = None
    for case in names:
        warmup, factors = given[f"{case}.warmup_steps"], seen[case].tolist()
        found = _mistake(factors, warmup)
        if found:
            break
    claim, code = found or (EDGE, "")
    for one in RUNGS[1:RUNGS.index(claim)]:
        steps.rung(one, True)
    if not code:
        return _edges(steps, seen, given)
    report = steps.stop(claim, code, detail=_height(factors, warmup))
    if picture:
        from .pictures import curves as draw

        total = len(factors)
        report = replace(report, picture=draw(np.array([target(step, warmup, total) for step in range(total)]), np.array(factors), warmup))
    return report


def _edges(steps: Steps, seen: dict, given: dict) -> CheckReport:
    """The report of a function that is right for usual warm-ups."""
    for case in EDGES:
        warmup, total = given[f"{case}.warmup_steps"], given[f"{case}.total_steps"]
        sizes = f"warmup_steps = {warmup} and total_steps = {total}"
        if error := seen[f"{case}.error"]:
            return steps.stop(EDGE, "raises", error=f"with {sizes}: {error}")
        factors = seen.get(case)
        if factors is None or tuple(factors.shape) != (total,) or not torch.isfinite(factors).all() or _mistake(factors.tolist(), warmup):
            return steps.stop(EDGE, "unknown", detail=f"It fails with {sizes}.")
    steps.rung(EDGE, True)
    return steps.report()


def _height(f: list[float], w: int) -> str:
    """How high the factors come, in words."""
    if max(f) > 1 + NEAR:
        return f"The factor rises to {max(f):.3g}, above 1."
    return f"The factor never gets above {max(f):.3g}." if max(f) < 1 - NEAR else f"At step {w - 1}, the last of the warm-up, the factor is {f[w - 1]:.3g}."


def target(step: int, warmup: int, total: int) -> float:
    """One of the right schedules: 1 at step warmup - 1, 0 at step total."""
    return (step + 1) / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step + 1 - warmup) / (total + 1 - warmup)))


def _mistake(f: list[float], w: int) -> tuple[str, str] | None:
    """(claim, code) of what is wrong with the factors of all steps, None where nothing is."""
    last = w + 1 == len(f)  # a single step after the warm-up: any factor from 0 to 1 follows some right way of counting
    if f[0] <= NEAR:
        return START, "starts_at_zero"
    if w > 1 and f[1] <= f[0] + NEAR:
        return START, "warmup_missing"
    if max(f) > 1 + NEAR or max(f) < 1 - NEAR and not last:
        return LINE, "never_reaches_one"
    rises = [b - a for a, b in zip(f[:w], f[1:w])] or [1.0]  # one step: the line may begin anywhere above 0
    if max(rises) - min(rises) > NEAR:
        return LINE, "warmup_not_linear"
    gap = 1 - f[w - 1]
    if gap > rises[0] + NEAR:  # the line would not arrive at step w either
        return LINE, "jump_at_boundary" if f[w] > f[w - 1] + rises[0] + NEAR else "never_reaches_one"
    if last:
        return None if f[w] > -NEAR else (COSINE, "wrong_cosine")
    if gap > NEAR and abs(f[w] - 1) > NEAR:
        return COSINE, "jump_at_boundary"
    tops = [w] if gap > NEAR else [w - 1, w]
    for top in tops:
        for end in (len(f) - 1, len(f)):
            if all(abs(value - _half_cosine(step, top, end)) <= NEAR for step, value in enumerate(f) if step >= top):
                return None
    return _fall(f, w)


def _half_cosine(step: int, top: int, end: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * (step - top) / (end - top)))


def _fall(f: list[float], w: int) -> tuple[str, str]:
    """What is wrong with the part after a right warm-up."""
    total, after = len(f), f[w:]
    for above, below in ((0, total), (0, total - 1), (1, total)):  # progress counted from step 0: the wave of the whole training
        if all(abs(value - _half_cosine(step + above, 0, below)) < NEAR for step, value in enumerate(f) if step >= w):
            return COSINE, "jump_at_boundary"
    slow = _half_cosine(total - 1, w - 1, total)  # the largest last factor of a right schedule
    for top in (w - 1, w):
        for end in (total - 1, total):
            if all(abs(value - math.cos(math.pi / 2 * (step - top) / (end - top))) < NEAR for step, value in enumerate(f) if step >= w):
                return COSINE, "wrong_cosine"  # a quarter of a wave
    drops = [a - b for a, b in zip(after, after[1:])]
    if max(drops) - min(drops) < NEAR:
        return COSINE, "linear_decay"
    if min(after) < -NEAR or min(drops) < -NEAR:
        return COSINE, "wrong_cosine"
    ahead = 3 * f[-1] - 3 * f[-2] + f[-3]  # where a smooth fall will be one step later
    if f[-1] > 1.5 * slow + NEAR and abs(ahead) > 0.02:
        return END, "not_zero_at_end"
    if f[w] < 1 - 3 * (1 - _half_cosine(w + 1, w - 1, total - 1)):
        return COSINE, "jump_at_boundary"
    return COSINE, "wrong_cosine"
