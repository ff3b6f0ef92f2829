"""Verdict on the warm-up of notebook 02 from what the probe saw; ungraded."""

from __future__ import annotations

import numpy as np
import torch

from .messages import say
from .report import CheckReport, Ladder
from .run import close
from .warmup import EXERCISE

RUNS = "it runs and returns two tensors: values and weights"
SHAPES = "values are [B, H, T, d], weights [B, H, T, T]"
SUMS = "each query's weights sum to 1"
SCALE = "the scores are q k / sqrt(d)"
VALUES = "the values are averages of v, with these weights"
RUNGS = (RUNS, SHAPES, SUMS, SCALE, VALUES)


def _softmax(scores: np.ndarray, axis: int = -1) -> torch.Tensor:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return torch.from_numpy(powers / powers.sum(axis=axis, keepdims=True))


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what `warmup.probe` saw."""
    ladder = Ladder(EXERCISE, RUNGS)

    def fail(claim, code, **facts):
        ladder.rung(claim, False, code, say(EXERCISE, code, **facts))
        return ladder.report()

    if seen["error"].startswith("NotImplementedError") or (not seen["error"] and seen["type"] in ("NoneType", "ellipsis")):
        return CheckReport(EXERCISE, False, 0.0, ("not_implemented",), (say(EXERCISE, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in RUNGS))
    if seen["error"]:
        return fail(RUNS, "raises", error=seen["error"])
    if seen.get("count") != 2 or "values" not in seen or "weights" not in seen:
        return fail(RUNS, "returns_values_only")
    ladder.rung(RUNS, True)
    values, weights = seen["values"], seen["weights"]
    if values.shape == (2, 3, 5, 5) and weights.shape == (2, 3, 5, 4):
        return fail(SHAPES, "wrong_order")
    if values.shape != (2, 3, 5, 4) or weights.shape != (2, 3, 5, 5):
        bad = values if values.shape != (2, 3, 5, 4) else weights
        return fail(SHAPES, "wrong_shape", got=tuple(bad.shape), want=(2, 3, 5, 4) if bad is values else (2, 3, 5, 5))
    ladder.rung(SHAPES, True)
    q, k, v = (t.double().numpy() for t in (given[name] for name in "qkv"))
    scores = np.matmul(q, k.swapaxes(-1, -2))
    if not close(weights.sum(-1), torch.ones(2, 3, 5, dtype=torch.float64)):
        return fail(SUMS, "softmax_axis" if close(weights.sum(-2), torch.ones(2, 3, 5, dtype=torch.float64)) else "unknown",
                    detail="Each row of the weights should sum to 1.")
    ladder.rung(SUMS, True)
    if not close(weights, _softmax(scores / 2)):
        if close(weights, _softmax(scores)):
            return fail(SCALE, "missing_scale")
        if any(close(weights, _softmax(scores / s)) for s in (4, 12, 12**0.5, 3, 3**0.5, 5, 5**0.5, 0.5)):
            return fail(SCALE, "wrong_scale")
        if (weights < 1e-9).any():
            return fail(SCALE, "mask_added")
        return fail(SCALE, "unknown", detail="The weights are not softmax(q k^T / sqrt(d)).")
    ladder.rung(SCALE, True)
    if not close(values, _softmax(scores / 2) @ torch.from_numpy(v)):
        return fail(VALUES, "unknown", detail="The weights are right, but the values are not weights @ v.")
    ladder.rung(VALUES, True)
    return ladder.report()
