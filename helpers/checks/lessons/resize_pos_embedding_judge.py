"""Verdict on `resize_pos_embedding`: positions of a trained ViT on another grid (Dosovitskiy et al. 2021, section 3.2)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn import functional as F

from ..report import CheckReport
from ..run import close
from .resize_pos_embedding import EXERCISE
from .results import cases
from .verdict import Steps, empty, explains

RUNS = "it runs and returns one tensor"
SHAPE = "the result is [1, 1 + h'*w', D]"
CLASS = "the class position comes first and stays as it was"
SQUARE = "the other positions are interpolated bicubically on the grid"
RECTANGLE = "grids need not be square, and may shrink"
IDENTITY = "equal grids change nothing"
RUNGS = (RUNS, SHAPE, CLASS, SQUARE, RECTANGLE, IDENTITY)
OBLONG = ("wide", "down", "turned", "rows", "columns", "exchanged")


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, "up"):
        return report
    if seen["up.error"] or "up" not in seen:
        return steps.stop(RUNS, "raises" if seen["up.error"] else "wrong_shape", error=seen["up.error"], got=f"a {seen['up.type']}", want="a tensor")
    steps.rung(RUNS, True)
    got = {case: seen.get(case) for case in names}
    grids = {case: (tuple(given[f"{case}.old_grid"].tolist()), tuple(given[f"{case}.new_grid"].tolist())) for case in names}
    pos = {case: given[f"{case}.pos"].double() for case in names}
    rows, width = grids["up"][1][0] * grids["up"][1][1], pos["up"].shape[2]
    if tuple(got["up"].shape) != (1, 1 + rows, width):
        lost = tuple(got["up"].shape) in ((1, rows, width), (rows, width))
        return steps.stop(SHAPE, "class_position_lost" if lost else "wrong_shape", got=tuple(got["up"].shape), want=(1, 1 + rows, width))
    steps.rung(SHAPE, True)
    right = {case: got[case] is not None and got[case].shape == (1, 1 + _count(grids[case][1]), pos[case].shape[2])
             and any(close(got[case][:, 1:], rest) for rest in _right(pos[case], *grids[case])) for case in names}
    first = {case: got[case] is None or got[case].dim() != 3 or close(got[case][:, :1], pos[case][:, :1]) for case in names}
    last = close(got["up"][:, -1:], pos["up"][:, :1])
    wrong = _mistakes(pos, grids)
    patches = {case: value[:, 1:] for case, value in got.items() if value is not None and value.dim() == 3}
    line = explains({"up": patches["up"]}, [one for one in wrong if one[0] == "resized_as_line"])
    steps.ok(CLASS, all(first.values()), "class_position_lost" if last else line or "class_position_resized")
    if steps.diagnoses and (last or not right["up"]):
        return _shown(steps, got, pos, grids, picture)
    rectangles = {case: value for case, value in patches.items() if case in OBLONG}
    if not right["up"]:
        code = explains({"up": patches["up"], **rectangles}, wrong) or explains({"up": patches["up"]}, wrong)
        kept = close(got["same"], pos["same"])
        steps.fail(SQUARE, code or ("unknown" if kept or got["same"] is None else "not_identity"),
                   detail="The patch positions are not those of a bicubic interpolation.")
        return _shown(steps, got, pos, grids, picture)
    steps.rung(SQUARE, True)
    broken = [case for case in OBLONG if not right[case]]
    if broken:
        untouched = all(got[case] is not None and close(got[case], pos[case]) for case in broken)
        code = "unknown" if untouched else explains({case: rectangles.get(case) for case in broken}, wrong)
        error = seen.get(f"{broken[0]}.error", "")
        few = set(broken) <= {"turned", "rows", "columns", "exchanged"}
        steps.fail(RECTANGLE, code or ("raises" if error else "unknown" if few else "grids_assumed"), error=error,
                   got=" or ".join("{} to {}".format(*grids[case]) for case in broken[:2]),
                   detail="Two grids are equal only where rows and columns both are: (2, 6) is not (4, 3), (3, 4) is not (3, 6), and (3, 5) is not (5, 3).")
    else:
        steps.rung(RECTANGLE, True)
    steps.ok(IDENTITY, right["same"] and close(got["same"], pos["same"]), "raises" if seen.get("same.error") else "not_identity",
             error=seen.get("same.error", ""))
    return _shown(steps, got, pos, grids, picture)


def _count(grid: tuple[int, int]) -> int:
    return grid[0] * grid[1]


def _to_map(rows: torch.Tensor, grid) -> torch.Tensor:
    return rows.transpose(1, 2).reshape(1, rows.shape[2], *grid)  # [1, D, h, w]


def _to_rows(image: torch.Tensor) -> torch.Tensor:
    return image.flatten(2).transpose(1, 2)  # [1, h*w, D]


def _right(pos: torch.Tensor, old, new) -> list[torch.Tensor]:
    """Bicubic interpolations of the patch positions [1, h'*w', D]: PyTorch's between centres, with antialiasing,
    between corners; and the one with Keys' original constant (-0.5 where PyTorch has -0.75)."""
    image = _to_map(pos[:, 1:], old)
    ways = [{}, {"antialias": True}, {"align_corners": True}]
    return [_to_rows(F.interpolate(image, size=new, mode="bicubic", **way)) for way in ways] + [
        _to_rows(torch.einsum("dij,ri,cj->drc", image[0], _keys(old[0], new[0]), _keys(old[1], new[1]))[None])]


def _keys(old: int, new: int, a: float = -0.5) -> torch.Tensor:
    """Matrix [new, old] of cubic convolution along one axis (Keys 1981), border repeated."""
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for row in range(new):
        place = (row + 0.5) * old / new - 0.5
        for k in range(int(place // 1) - 1, int(place // 1) + 3):
            d = abs(place - k)
            weight = (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
            matrix[row, min(max(k, 0), old - 1)] += weight
    return matrix


def _mistakes(pos: dict, grids: dict) -> list:
    """Wrong formulas by code: (code, function from a case's name to patch positions [1, h'*w', D])."""

    def resize(case, mode="bicubic", old=None, new=None, to_map=_to_map, to_rows=_to_rows, **options):
        old, new = old or grids[case][0], new or grids[case][1]
        return to_rows(F.interpolate(to_map(pos[case][:, 1:], old), size=new, mode=mode, **options))

    def straight(rows, grid):  # a reshape that leaves the features where they are
        return rows.reshape(1, rows.shape[2], *grid)

    def straight_back(image):
        return image.reshape(1, -1, image.shape[1])

    def turned_back(image):
        return image.transpose(2, 3).flatten(2).transpose(1, 2)

    def turned_map(rows, grid):
        return rows.transpose(1, 2).reshape(1, rows.shape[2], *grid[::-1]).transpose(2, 3)

    def line(case, **options):
        return F.interpolate(pos[case][:, 1:].transpose(1, 2), size=_count(grids[case][1]), **options).transpose(1, 2)

    modes = [("not_bicubic", lambda case, options=options: resize(case, **options)) for options in (
        {"mode": "bilinear"}, {"mode": "bilinear", "antialias": True}, {"mode": "bilinear", "align_corners": True}, {"mode": "nearest"},
        {"mode": "nearest-exact"}, {"mode": "area"})]
    swaps = [("grid_swapped", change) for change in (
        lambda case: resize(case, old=grids[case][0][::-1], new=grids[case][1][::-1]),
        lambda case: resize(case, old=grids[case][0][::-1]), lambda case: resize(case, new=grids[case][1][::-1]),
        lambda case: resize(case, to_rows=turned_back), lambda case: resize(case, to_map=turned_map),
        lambda case: resize(case, to_map=turned_map, to_rows=turned_back))]
    layouts = [("layout_mixed", change) for change in (
        lambda case: resize(case, to_map=straight), lambda case: resize(case, to_rows=straight_back),
        lambda case: resize(case, to_map=straight, to_rows=straight_back))]
    lines = [("resized_as_line", lambda case, mode=mode: line(case, mode=mode)) for mode in ("linear", "nearest", "area")]
    whole = [("resized_as_line", lambda case, mode=mode: F.interpolate(
        pos[case].transpose(1, 2), size=1 + _count(grids[case][1]), mode=mode).transpose(1, 2)[:, 1:]) for mode in ("linear", "nearest", "area")]
    flat = [("resized_as_line", lambda case, mode=mode, start=start: F.interpolate(
        pos[case][:, 1 - start:].transpose(1, 2)[:, :, None], size=(1, start + _count(grids[case][1])), mode=mode)[:, :, 0].transpose(1, 2)[:, start:])
            for mode in ("bicubic", "bilinear") for start in (0, 1)]
    return [*modes, *swaps, *layouts, *lines, *whole, *flat]


def _shown(steps: Steps, got: dict, pos: dict, grids: dict, picture: bool) -> CheckReport:
    report = steps.report()
    if report.passed or not picture:
        return report
    from .pictures import grids as draw

    case = "wide" if any(claim == SQUARE and ok for claim, ok in report.rungs) else "up"
    if got[case] is None or got[case].dim() != 3 or got[case].shape[1] != 1 + _count(grids[case][1]):
        return report
    maps = [_to_map(pos[case][:, 1:], grids[case][0])[0, 0], _to_map(_right(pos[case], *grids[case])[0], grids[case][1])[0, 0],
            _to_map(got[case][:, 1:], grids[case][1])[0, 0]]
    return replace(report, picture=draw(("before", "target", "yours"), [one.numpy() for one in maps],
                                        "First feature of the patch positions, on their grid"))
