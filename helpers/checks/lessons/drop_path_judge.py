"""Verdict on `drop_path`: which samples were dropped, and how the others were scaled (Huang et al. 2016, section 3)."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..report import CheckReport
from ..run import close
from .drop_path import EXERCISE
from .verdict import Steps, empty

RUNS = "it runs and returns a tensor of the shape of x"
EVAL = "with training=False nothing happens"
ZERO = "with p = 0 nothing happens"
SAMPLE = "a sample is dropped as a whole, each on its own"
RATE = "a share p of the samples is dropped"
SCALE = "survivors are scaled by 1 / (1 - p)"
FRESH = "every call draws anew"
GRADIENT = "gradients flow through the survivors"
NO_ZERO = "Dropped samples must become 0."
FEW = tuple(f"few{k}" for k in range(8))
RUNGS = (RUNS, EVAL, ZERO, SAMPLE, RATE, SCALE, FRESH, GRADIENT)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "tokens"):
        return report
    x, p = given["tokens.x"].double(), given["tokens.p"]
    out = seen.get("tokens")
    if seen["tokens.error"] or out is None or out.shape != x.shape:
        return steps.stop(RUNS, "raises" if seen["tokens.error"] else "wrong_shape", error=seen["tokens.error"],
                          got=f"a {seen['tokens.type']}" if out is None else tuple(out.shape), want=tuple(x.shape))
    steps.rung(RUNS, True)
    for case, claim, code in (("eval", EVAL, "active_in_eval"), ("still", EVAL, "active_in_eval"), ("zero", ZERO, "not_identity_at_zero")):
        error = seen.get(f"{case}.error", "")
        steps.ok(claim, close(seen.get(case), given[f"{case}.x"], 1e-6), "raises" if error and "ZeroDivision" not in error else code, error=error)
    if code := _together(seen, given):
        steps.fail(SAMPLE, code, detail=NO_ZERO)
        return _shown(steps, x, out, picture)
    apart = next((code for case in ("tokens", "again", *FEW) if seen.get(case) is not None and (code := _apart(seen[case]))), None)
    claim, code = (SAMPLE, apart) if apart else _dropped(x, out, p)
    if claim is None:
        often = seen.get("often")
        right = often is not None and often.shape == given["often.x"].shape
        claim, code = _dropped(given["often.x"].double(), often, given["often.p"]) if right else (RATE, "unknown")
    for one in (SAMPLE, RATE, SCALE):
        if one == claim:
            share = float((out == 0).double().mean())
            steps.fail(claim, code, detail=f"With p = {p} a share of {share:.2f} of the numbers became 0." if share else NO_ZERO)
            return _shown(steps, x, out, picture)
        steps.rung(one, True)
    again = seen.get("again")
    fresh = again is not None and again.shape == out.shape and not torch.equal(again == 0, out == 0)
    code = _dependent(seen.get("pairs"))
    if fresh and code:
        steps.fail(SAMPLE, code, detail="A batch of two samples fails.")
        return _shown(steps, x, out, picture)
    steps.ok(FRESH, fresh, "same_draw_every_time")
    value, base, grad = seen.get("gradient"), given["gradient.x"].double(), seen.get("gradient.value")
    steps.ok(GRADIENT, value is not None and grad is not None and value.shape == base.shape and close(grad, value / base, 1e-4), "breaks_gradient")
    return _shown(steps, x, out, picture)


def _together(seen: dict, given: dict) -> str | None:
    """The code of a function that treats all samples of a call alike, None where it tells them apart."""
    kept = []
    for case in FEW:
        out = seen.get(case)
        if out is None or out.shape != given[f"{case}.x"].shape:
            return None
        gone = out == 0
        if gone.any() and not gone.all():
            return None
        kept.append(not gone.any())
    out = seen["tokens"]
    if (out == 0).any() and not (out == 0).all():
        return None
    if not any(kept):
        return "unknown"
    if all(kept) and not (out == 0).any():
        return "never_drops" if _constant(out / given["tokens.x"].double()) else "unknown"
    return "whole_batch"


def _constant(ratio: torch.Tensor) -> bool:
    """Whether all samples were multiplied by one number."""
    return close(ratio, ratio.flatten()[0].expand_as(ratio))


def _dependent(pairs: torch.Tensor | None) -> str | None:
    """The code of draws that are not each sample's own, None where all four outcomes occur in batches of two, [calls, 2, ...]."""
    if pairs is None:
        return "unknown"
    first, second = (pairs == 0).flatten(2).all(2).T.tolist()
    seen = set(zip(first, second))
    return None if len(seen) == 4 else "draws_depend"


def _apart(out: torch.Tensor) -> str | None:
    """The code of a mask that drops parts of a sample, None where samples are dropped as a whole."""
    gone = out == 0
    if out.dim() < 2 or not (gone.flatten(1).any(1) & ~gone.flatten(1).all(1)).any():
        return None
    changes = [gone.any(axis) & ~gone.all(axis) for axis in range(1, out.dim())]  # does the mask change along this axis?
    return "per_element" if all(one.any() for one in changes) else "per_token"


def _dropped(x: torch.Tensor, out: torch.Tensor, p: float) -> tuple[str | None, str]:
    """(claim, code) of what is wrong with out = drop_path(x, p, True), (None, "") where nothing is."""
    if not torch.isfinite(out).all():
        return SCALE, "rescaled_wrongly"
    gone = (out == 0).flatten(1)  # [B, numbers of a sample]
    share = gone.double().mean().item()
    slack = 5.5 * (p * (1 - p) / len(x)) ** 0.5
    if abs(share - p) > slack:
        if share == 0:
            return RATE, "never_drops" if _constant(out / x) else "unknown"
        return RATE, "rate_inverted" if abs(share - (1 - p)) <= slack else "unknown"
    ratio = (out / x)[out != 0]
    if (ratio - 1 / (1 - p)).abs().max() > 1e-3:
        return SCALE, "not_rescaled" if (ratio - 1).abs().max() < 1e-3 else "rescaled_wrongly"
    return None, ""


def _shown(steps: Steps, x: torch.Tensor, out: torch.Tensor, picture: bool) -> CheckReport:
    report = steps.report()
    wrong = dict(report.rungs)
    if report.passed or not picture or (wrong[SAMPLE] and wrong[RATE] and wrong[SCALE]):
        return report
    from .pictures import samples as draw

    return replace(report, picture=draw(x.numpy(), out.numpy()))
