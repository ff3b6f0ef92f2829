"""Verdict on `img_to_patch` from what the probe saw: which pixel is where, and which mistake puts it there.

The target is built by plain slicing (Dosovitskiy et al. 2021, section 3.1: an image becomes a sequence of patches).
"""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import torch

from .messages import say
from .patches import CASES, EXERCISE, FORMS, SIZES, cotangent
from .report import CheckReport, Ladder

RUNS = "it runs and returns one tensor"
SHAPE = "flattened patches have the shape [B, N, C*p*p]"
CONTENT = "patch n holds the pixels of patch n, in the order channel, row, column"
RECTANGLE = "images need not be square"
UNFLAT = "flatten_channels=False gives [B, N, C, p, p]"
DIVIDE = "a size that p does not divide raises ValueError"
GRADIENT = "gradients flow back to the image"
INPUT = "the input stays as it was"
KEEPS = "dtype is kept, and single, strided or grey images work"
LACKS = re.compile(r"not implemented for '|unsupported ScalarType|could not create a primitive|needs the cpu support")  # what a CPU says
RUNGS = (RUNS, SHAPE, CONTENT, RECTANGLE, UNFLAT, DIVIDE, GRADIENT, INPUT, KEEPS)


def windows(x: np.ndarray, p: int, stride: int) -> list[np.ndarray]:
    """All p x p windows of every image at a stride, row by row: a list over positions of [B, C, p, p]."""
    _, _, height, width = x.shape
    return [x[:, :, i:i + p, j:j + p]
            for i in range(0, height - p + 1, stride) for j in range(0, width - p + 1, stride)]


def target(x: torch.Tensor, p: int, flat: bool = True) -> np.ndarray:
    """What the contract asks for, [B, N, C*p*p] or [B, N, C, p, p], as a NumPy array."""
    cut = np.stack(windows(x.numpy().astype(np.float64), p, p), axis=1)
    return cut.reshape(*cut.shape[:2], -1) if flat else cut


def diagnose(x: torch.Tensor, p: int, got: torch.Tensor) -> list[str]:
    """Which mistake turns x into `got` [B, M, C*p*p]; an empty list means right."""
    image, out = x.numpy().astype(np.float64), got.double().numpy()
    batch, channels, height, width = image.shape
    rows, cols = height // p, width // p
    want = target(x, p)
    if out.shape[1:] != want.shape[1:] or out.shape[0] != batch:
        longer = out.ndim == 3 and out.shape[2] == want.shape[2] and out.shape[1] > want.shape[1]
        return ["overlapping_patches"] if longer and _all_windows(image, p, out) else ["wrong_shape"]
    if np.array_equal(out, want):
        return []
    if any(not np.isin(out[b], image[b]).all() for b in range(batch)):
        return ["batch_mixed"] if np.isin(out, image).all() else ["unknown"]
    sets = [set(want[0, n]) for n in range(rows * cols)]
    order = [sets.index(s) if (s := set(out[0, n])) in sets else -1 for n in range(rows * cols)]
    if min(order) < 0:
        if any(np.array_equal(out, wrong) for wrong in _reshapes(image, p)):
            return ["reshape_only"]
        return ["overlapping_patches"] if _all_windows(image, p, out) else ["unknown"]
    codes = []
    if order != list(range(rows * cols)):
        codes.append("column_major_order" if order == [r * cols + c for c in range(cols) for r in range(rows)]
                     else "unknown")
    inside = want.reshape(batch, -1, channels, p, p)[:, order]
    layouts = {  # inner order of the student's patch -> diagnosis
        (0, 1, 2): [], (0, 2, 1): ["transposed_patch"], (1, 2, 0): ["channels_last_in_patch"],
        (2, 1, 0): ["channels_last_in_patch", "transposed_patch"],
    }
    for axes, found in layouts.items():
        moved = inside.transpose(0, 1, *(2 + a for a in axes)).reshape(out.shape)
        if np.array_equal(moved, out):
            return codes + found
    return codes + ["unknown"]


def _all_windows(image: np.ndarray, p: int, out: np.ndarray) -> bool:
    """True where every row of `out` holds the pixels of some p x p window, whatever the stride."""
    sets = {frozenset(w[0].ravel()) for w in windows(image, p, 1)}
    return all(frozenset(row) in sets for row in out[0])


def _reshapes(image: np.ndarray, p: int):
    """What reshaping without moving the axes gives, in the forms seen in public code."""
    batch, channels, height, width = image.shape
    rows, cols = height // p, width // p
    count = rows * cols
    yield image.reshape(batch, count, -1)
    strips = image.reshape(batch, channels, count, p, p)
    yield strips.transpose(0, 2, 1, 3, 4).reshape(batch, count, -1)
    yield strips.transpose(0, 2, 3, 4, 1).reshape(batch, count, -1)
    cut = np.stack(windows(image, p, p), axis=2)  # [B, C, N, p, p]: right patches, channels not moved behind N
    yield cut.reshape(batch, count, -1)
    yield image.transpose(0, 2, 3, 1).reshape(batch, count, -1)
    yield image.reshape(batch, channels, count, p * p).transpose(0, 2, 3, 1).reshape(batch, count, -1)
    yield image.reshape(batch, channels, p * p, count).transpose(0, 3, 1, 2).reshape(batch, count, -1)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what `patches.probe` saw of the images in `given`."""
    ladder = Ladder(EXERCISE, RUNGS)

    def fail(claim, code, **more):
        ladder.rung(claim, False, code, say(EXERCISE, code, **more))

    def ok(claim, holds, code="unknown", **more):
        return ladder.rung(claim, True) if holds else fail(claim, code, **more)

    error, kind = seen.get("square.error", ""), seen.get("square.type")
    if error.startswith("NotImplementedError") or (not error and kind in ("NoneType", "ellipsis")):
        return CheckReport(EXERCISE, False, 0.0, ("not_implemented",), (say(EXERCISE, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in RUNGS))
    if error or kind != "tensor":
        code = "raises" if error else "breaks_gradient" if kind == "ndarray" else "wrong_shape"
        fail(RUNS, code, error=error or f"it returned a {kind}")
        return ladder.report()
    ladder.rung(RUNS, True)

    # shape and content on the square image
    x, p = _image(given, "square")
    got = seen["square"]
    want = target(x, p)
    modified = not all(_kept(seen, given, *name) for name in product((*CASES, "gradient"), FORMS))
    if modified:
        fail(INPUT, "modifies_input")
    else:
        ladder.rung(INPUT, True)
    ignored = got.dim() == 5
    if ignored:
        fail(UNFLAT, "flatten_ignored")
        got = got.flatten(2)
    codes = diagnose(x, p, got) if got.dim() == 3 else ["wrong_shape"]
    square_right = not codes
    shape_right = got.dim() == 3 and tuple(got.shape) == want.shape and not ignored
    if "overlapping_patches" in codes:
        shape_right = False
    ok(SHAPE, shape_right, codes[0] if codes else "flatten_ignored", got=tuple(seen["square"].shape), want=want.shape)
    for code in codes or [None]:
        if code and not (modified and code == "unknown"):
            fail(CONTENT, code, got=tuple(got.shape), want=want.shape)
        elif code:
            ladder.held[CONTENT] = False
        else:
            ladder.rung(CONTENT, True)

    # rectangles, only meaningful where squares are right
    rectangle_codes = []
    for name in ("rectangle", "tall"):
        x, p = _image(given, name)
        out = seen.get(name)
        if out is not None and ignored and out.dim() == 5:
            out = out.flatten(2)
        right = out is not None and out.dim() == 3 and not diagnose(x, p, out)
        if not right:
            rectangle_codes.append(name)
    if square_right:
        ok(RECTANGLE, not rectangle_codes, "square_only")
    else:
        ladder.held[RECTANGLE] = False

    # flatten_channels=False
    x, p = _image(given, "square")
    out = seen.get("square.unflat")
    want5 = target(x, p, flat=False)
    if out is None:
        unflat_error = seen.get("square.unflat.error", "")
        fail(UNFLAT, "raises" if unflat_error else "wrong_shape", error=unflat_error, got="no tensor", want=want5.shape)
    elif out.dim() == 3 and tuple(out.shape) == want.shape:
        fail(UNFLAT, "flatten_ignored")
    elif tuple(out.shape) != want5.shape:
        last = tuple(out.shape) == tuple(want5.shape[i] for i in (0, 1, 3, 4, 2))
        fail(UNFLAT, "channels_last_in_patch" if last else "wrong_shape", got=tuple(out.shape), want=want5.shape)
    else:
        inner = diagnose(x, p, out.flatten(2))
        ok(UNFLAT, not inner, (inner or [""])[0], got=tuple(out.shape), want=want5.shape)
    reliable = square_right and not rectangle_codes
    forms = [""]  # those whose other images tell something new
    if reliable and not ignored and not _wrong(seen, given, "square", ".unflat"):
        if any(_wrong(seen, given, name, ".unflat") for name in ("rectangle", "tall")):
            fail(RECTANGLE, "square_only")
        else:
            forms.append(".unflat")

    # ValueError
    _sizes(seen, given, forms if reliable else [], ok, fail)

    # gradient
    flows = [_flows(seen, given, f"gradient{form}") for form in forms]
    if rectangle_codes and square_right or flows[0] is None:
        ladder.held[GRADIENT] = bool(flows[0])  # its image is no square, or its pixels are others: a rung above says so
    else:
        ok(GRADIENT, False not in flows, "breaks_gradient")

    # dtype, single image, strided, grey
    dtypes = {name: "torch.bfloat16" if name == "bfloat" else str(given[name].dtype) for name in CASES}
    came = [(name, form) for name, form in product(CASES, forms) if name + form in seen]
    ok(KEEPS, all(seen.get(f"{name}{form}.dtype") == dtypes[name] for name, form in came), "changes_dtype")
    for name, form in product(CASES[3:] if reliable or not square_right else (), forms):
        code = _wrong(seen, given, name, form, square_right and not ignored)
        if code:
            out, want = seen.get(name + form), target(*_image(given, name), flat=not form)
            claim = UNFLAT if form and code == "wrong_shape" else KEEPS
            got = "no tensor" if out is None else tuple(out.shape)
            fail(claim, code, error=seen.get(f"{name}{form}.error", ""), got=got, want=want.shape)
    report = ladder.report()
    if not report.passed and picture and not square_right and "square" in seen:
        return _with_picture(report, _image(given, "square"), seen["square"])
    return report


def _image(given: dict, name: str) -> tuple[torch.Tensor, int]:
    return given[name], given[f"{name}.p"]


def _wrong(seen: dict, given: dict, name: str, form: str, content: bool = True) -> str:
    """The code of what went wrong with one image in one form, or "". Without `content` only whether a tensor came out."""
    x, p = _image(given, name)
    error, out = seen.get(f"{name}{form}.error", ""), seen.get(name + form)
    short = name in ("half", "bfloat")
    if error:
        return "" if short and LACKS.search(error) else "raises"  # a CPU lacks some operations in 16 bits
    want = target(x, p, flat=not form)
    if out is None or content and tuple(out.shape) != want.shape:
        return "wrong_shape"
    if not content or np.array_equal(out.double().numpy(), want):
        return ""
    if short or name == "double":
        rounded = np.allclose(out.double().numpy(), want, rtol=0.01, atol=1e-3)
        return "unknown" if not rounded else "" if short else "changes_dtype"
    return diagnose(x, p, out.flatten(2))[0]


def _kept(seen: dict, given: dict, name: str, form: str) -> bool:
    """Whether an image was after the call what it was before."""
    after, before = seen.get(f"{name}{form}.after"), given["weight" if name == "gradient" else name]
    return after is None or torch.equal(after.double(), before.double())


def _sizes(seen: dict, given: dict, forms: list[str], ok, fail) -> None:
    """Sizes that p does not divide, and none of the others, raise ValueError; `forms` are those whose content is right."""
    names = [f"size{k}" for k in range(SIZES)]
    uneven = [name for name in names if given[name].shape[2] % given[f"{name}.p"] or given[name].shape[3] % given[f"{name}.p"]]
    ok(DIVIDE, all(seen.get(f"{name}{form}.refused") is True for name, form in product(uneven, FORMS)), "no_divisibility_error")
    for name, form in product(names, forms):
        x, p = _image(given, name)
        if name not in uneven and _wrong(seen, given, name, form):
            fail(DIVIDE, "unknown", detail=f"{x.shape[2]} x {x.shape[3]} pixels with patch size {p} should work.")
            return


def _flows(seen: dict, given: dict, name: str) -> bool | None:
    """Whether the gradient is that of a function that moves pixels as the output says it does; None where it moves none."""
    grad, out, x = seen.get(f"{name}.value"), seen.get(name), given["weight"]
    if grad is None or out is None or grad.shape != x.shape or not grad.any():
        return False
    weights = cotangent(given, out.numel()).double().numpy()
    order = np.argsort(x.numpy().ravel())
    values, numbers = x.numpy().ravel()[order], out.float().numpy().ravel()
    found = np.searchsorted(values, numbers).clip(0, len(values) - 1)
    if not np.array_equal(values[found], numbers):  # it computes something else
        return None
    expected = np.zeros(x.numel())
    np.add.at(expected, order[found], weights)
    return bool(np.allclose(grad.numpy().ravel(), expected, rtol=1e-4, atol=1e-4))


def _with_picture(report: CheckReport, given, got: torch.Tensor) -> CheckReport:
    from dataclasses import replace

    from .pictures import patches

    return replace(report, picture=patches(*given, target(*given, flat=False), got))
