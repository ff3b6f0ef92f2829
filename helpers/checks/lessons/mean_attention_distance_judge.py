"""Verdict on `mean_attention_distance`: how far a head looks, in pixels (Dosovitskiy et al. 2021, figure 7 right)."""

from __future__ import annotations

import numpy as np
import torch

from ..report import CheckReport
from ..run import close
from .mean_attention_distance import EXERCISE
from .results import cases
from .verdict import Steps, empty, explains

RUNS = "it runs and returns one tensor"
SHAPE = "one number a layer and head: [L, H]"
SQUARE = "on a square grid it is the distance in pixels, weighted by the attention between patches"
RECTANGLE = "the grid need not be square"
SINGLE = "one layer, one head and one image work"
RUNGS = (RUNS, SHAPE, SQUARE, RECTANGLE, SINGLE)


def centres(h: int, w: int, first=()) -> np.ndarray:
    """Row and column of every patch, row by row, [N, 2]; `first` goes in front."""
    return np.array([*first, *((i, j) for i in range(h) for j in range(w))], dtype=float)


def distances(points: np.ndarray) -> np.ndarray:
    """Euclidean distances between all points, [N, N]."""
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))


def rows_to_one(weights: np.ndarray) -> np.ndarray:
    """Weights whose last axis sums to 1."""
    return weights / weights.sum(-1, keepdims=True)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "square"):
        return report
    if seen["square.error"] or "square" not in seen:
        code = "raises" if seen["square.error"] else "wrong_shape"
        return steps.stop(RUNS, code, error=seen["square.error"], got=f"a {seen['square.type']}", want="a tensor")
    steps.rung(RUNS, True)
    names = [case for case in cases(given)]
    want = {case: target(given, case) for case in names}
    got = {case: seen.get(case) for case in names}
    shape = tuple(got["square"].shape)
    if shape != tuple(want["square"].shape):
        layers, images, heads = given["square.attention"].shape[:3]
        code = ("batch_not_averaged" if shape in ((layers, images, heads), (images, layers, heads), (images, heads)) else
                "heads_averaged" if shape in ((layers,), (layers, 1)) else "wrong_shape")
        return steps.stop(SHAPE, code, got=shape, want=tuple(want["square"].shape))
    steps.rung(SHAPE, True)
    right = {case: close(got[case], want[case]) for case in names}
    rectangles = {case: got[case] for case in ("wide", "tall") if got[case] is not None}
    if not right["square"]:
        wrong = mistakes(given)
        code = explains({"square": got["square"], **rectangles}, wrong) or explains({"square": got["square"]}, wrong)
        return steps.stop(SQUARE, code or "unknown", detail="On a square grid of patches the numbers differ from the target.")
    steps.rung(SQUARE, True)
    steps.ok(RECTANGLE, right["wide"] and right["tall"], "grid_swapped")
    error = seen.get("single.error", "")
    steps.ok(SINGLE, right["single"], "raises" if error else "wrong_shape", error=error,
             got="no tensor" if got["single"] is None else tuple(got["single"].shape), want=(1, 1))
    return steps.report()


def target(given: dict, case: str) -> torch.Tensor:
    """Mean distance in pixels [L, H]."""
    weights, h, w, p = _sizes(given, case)
    spread = (rows_to_one(weights[..., 1:, 1:]) * distances(centres(h, w)) * p).sum(-1)  # [L, B, H, N]
    return torch.from_numpy(spread.mean((1, 3)))


def _sizes(given: dict, case: str):
    return (given[f"{case}.attention"].double().numpy(), *given[f"{case}.grid"].tolist(), given[f"{case}.patch_size"])


def mistakes(given: dict) -> list:
    """Wrong formulas by code, the likelier first: (code, function from a case's name to [L, H])."""

    def formula(change):
        def result(case):
            weights, h, w, p = _sizes(given, case)
            return change(weights, weights[..., 1:, 1:], h, w, p)
        return result

    def mean(weights, apart):
        return (weights * apart).sum(-1).mean((1, 3))

    def over_all(a, apart, axes):
        return ((a * apart).sum((3, 4)) / (a.sum(axes, keepdims=True)[:, :, :, 0, 0])).mean(1)

    def own(apart):  # the class token has a place of its own, or that of a patch
        return lambda whole, a, h, w, p: mean(whole, apart(h, w) * p)

    def padded(h, w):
        return np.pad(distances(centres(h, w)), ((1, 0), (1, 0)))

    def flat(h, w):  # tokens counted row by row as if the class token were the first patch
        return distances(np.array([divmod(t, w) for t in range(1 + h * w)], dtype=float))

    def columns(h, w):  # a class token kept as a query only
        return lambda whole, a, p: (rows_to_one(whole[..., 1:]) * padded(h, w)[:, 1:] * p).sum(-1).mean((1, 3))

    def without_last(whole, a, h, w, p):
        return mean(rows_to_one(whole[..., :-1, :-1]), distances(centres(h, w)) * p)

    def box(a, h, w, p, norm):
        points = centres(h, w)
        return mean(rows_to_one(a), norm(np.abs(points[:, None] - points[None])) * p)

    return [(code, formula(change)) for code, change in (
        ("distance_in_patches", lambda whole, a, h, w, p: mean(rows_to_one(a), distances(centres(h, w)))),
        ("not_renormalised", lambda whole, a, h, w, p: mean(a, distances(centres(h, w)) * p)),
        ("not_renormalised", lambda whole, a, h, w, p: (a * distances(centres(h, w)) * p).mean((1, 3, 4))),
        ("renormalised_over_all", lambda whole, a, h, w, p: over_all(a, distances(centres(h, w)) * p, (3, 4))),
        ("renormalised_over_all", lambda whole, a, h, w, p: (a * distances(centres(h, w)) * p).sum((1, 3, 4)) / a.sum((1, 3, 4))),
        ("normalised_over_queries", lambda whole, a, h, w, p: mean(a / a.sum(-2, keepdims=True), distances(centres(h, w)) * p)),
        ("normalised_over_queries", lambda whole, a, h, w, p: (a / a.sum(-2, keepdims=True) * distances(centres(h, w)) * p).sum(-2).mean((1, 3))),
        ("squared_distance", lambda whole, a, h, w, p: mean(rows_to_one(a), (distances(centres(h, w)) * p) ** 2)),
        ("squared_distance", lambda whole, a, h, w, p: mean(rows_to_one(a), distances(centres(h, w)) ** 2 * p)),
        ("manhattan_distance", lambda whole, a, h, w, p: box(a, h, w, p, lambda d: d.sum(-1))),
        ("manhattan_distance", lambda whole, a, h, w, p: box(a, h, w, p, lambda d: d.max(-1))),
        ("wrong_token_left_out", without_last),
        ("class_token_kept", own(padded)),
        ("class_token_kept", own(flat)),
        ("class_token_kept", own(lambda h, w: distances(centres(h, w, [(0, 0)])))),
        ("class_token_kept", own(lambda h, w: distances(centres(h, w, [((h - 1) / 2, (w - 1) / 2)])))),
        *(("class_token_kept", own(lambda h, w, at=at: distances(centres(h, w, [(at, at)])))) for at in (-0.5, -1, -1.5)),
        ("class_token_kept", lambda whole, a, h, w, p: columns(h, w)(whole, a, p)),
        ("class_token_kept", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum((-1, -2)).mean(1) / (1 + h * w)),
        ("summed_not_averaged", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum((-1, -2)).mean(1)),
        ("summed_not_averaged", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum((1, 3, 4))),
        ("batch_not_averaged", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum(-1).mean(-1).sum(1)),
        ("batch_not_averaged", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum(-1).mean(-1)[:, 0]),
        ("batch_not_averaged", lambda whole, a, h, w, p: (rows_to_one(a) * distances(centres(h, w)) * p).sum(-1).mean(-1)[:, -1]),
    )]
