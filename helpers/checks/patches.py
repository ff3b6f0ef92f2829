"""Check of `img_to_patch`: where does every pixel go?

Pixels carry distinct numbers, so one call shows the whole mapping from pixels to places in the output.
The target is built by plain slicing (Dosovitskiy et al. 2021, section 3.1: an image becomes a sequence of patches).
"""

from __future__ import annotations

import numpy as np
import torch

from .. import standins
from .messages import say
from .report import CheckReport, Ladder
from .run import attempt, generator, tensor

EXERCISE = "img_to_patch"
RUNS = "it runs and returns one tensor"
SHAPE = "flattened patches have the shape [B, N, C*p*p]"
CONTENT = "patch n holds the pixels of patch n, in the order channel, row, column"
RECTANGLE = "images need not be square"
UNFLAT = "flatten_channels=False gives [B, N, C, p, p]"
DIVIDE = "a size that p does not divide raises ValueError"
GRADIENT = "gradients flow back to the image"
INPUT = "the input stays as it was"
KEEPS = "dtype is kept, and single, strided or grey images work"
RUNGS = (RUNS, SHAPE, CONTENT, RECTANGLE, UNFLAT, DIVIDE, GRADIENT, INPUT, KEEPS)
# (H, W, p) with one side that p does not divide
UNEVEN = ((5, 4, 2), (4, 7, 2), (7, 6, 3), (6, 8, 3), (8, 9, 4), (8, 10, 4), (11, 8, 4), (8, 11, 4), (10, 8, 4), (2, 4, 4))


def inputs(seed: int) -> dict[str, tuple[torch.Tensor, int]]:
    """Images and patch sizes of each probe. C=3 because grey digits hide a missing permute; sizes differ
    so that swapped axes show. Sizes to refuse come in every remainder, along either axis alone."""
    g = generator(seed, EXERCISE)

    def numbered(*shape: int) -> torch.Tensor:
        count = int(np.prod(shape))
        return (torch.randperm(count, generator=g) + 1).float().reshape(shape)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=g, dtype=torch.float64)

    p = 2 * int(torch.randint(1, 3, (1,), generator=g))  # 2 or 4: never the number of channels
    return {
        "square": (numbered(2, 3, 4 * p, 4 * p), p),
        "rectangle": (numbered(2, 3, 2 * p, 5 * p), p),
        "tall": (numbered(3, 3, 4 * p, 2 * p), p),
        "single": (numbered(1, 3, 2 * p, 3 * p), p),
        "grey": (numbered(2, 1, 8, 12), 4),
        "strided": (numbered(2, 3, 3 * p, 2 * p), p),
        "double": (noise(2, 3, 2 * p, 3 * p), p),
        "half": (noise(2, 3, 2 * p, 3 * p).half(), p),
        "pixels": (numbered(2, 3, 2, 3), 1),
        **{f"refuse{k}": (numbered(2, 3, height, width), size) for k, (height, width, size) in enumerate(UNEVEN)},
        "weight": (noise(2, 3, 2 * p, 3 * p).float(), p),
    }


def probe(fn, seed: int) -> dict:
    """Call the student's function on every probe; return plain tensors and error lines."""
    seen: dict[str, object] = {}
    given = inputs(seed)
    used = standins.count(EXERCISE)

    def call(name: str, x: torch.Tensor, p: int, **options) -> torch.Tensor | None:
        before = x.detach().clone()
        value, error = attempt(lambda: fn(x, p, **options))
        seen[f"{name}.error"] = error
        seen[f"{name}.type"] = "tensor" if isinstance(value, torch.Tensor) else type(value).__name__
        seen[f"{name}.kept"] = bool(torch.equal(x.detach(), before))
        out = tensor(value)
        if out is not None:
            seen[f"{name}.dtype"] = str(out.dtype)
            seen[name] = out.double()
        return value if isinstance(value, torch.Tensor) else None

    for name in ("square", "rectangle", "tall", "single", "pixels", "grey", "double", "half"):
        x, p = given[name]
        call(name, x.clone(), p)
    for name in (f"refuse{k}" for k in range(len(UNEVEN))):
        x, p = given[name]
        seen[f"{name}.refused"] = _raises_value_error(fn, x.clone(), p)
    x, p = given["strided"]
    call("strided", x.transpose(2, 3).contiguous().transpose(2, 3), p)
    for name in ("square", "rectangle"):
        x, p = given[name]
        call(f"{name}.unflat", x.clone(), p, flatten_channels=False)

    x, p = given["weight"]
    leaf = x.clone().requires_grad_(True)
    out = call("gradient", leaf, p)
    seen["gradient.flows"] = bool(out is not None and out.requires_grad)
    if out is not None and out.requires_grad:
        cotangent = torch.arange(1, out.numel() + 1, dtype=out.dtype).reshape(out.shape)
        grad, error = attempt(lambda: torch.autograd.grad((out * cotangent).sum(), leaf, allow_unused=True)[0])
        seen["gradient.error"] = error
        if isinstance(grad, torch.Tensor):
            seen["gradient.value"] = tensor(grad).double()
    seen["standin"] = standins.count(EXERCISE) > used
    return seen


def _raises_value_error(fn, x: torch.Tensor, p: int) -> bool:
    try:
        fn(x, p)
    except ValueError:
        return True
    except Exception:  # noqa: BLE001  any other error is not the one the contract names
        return False
    return False


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
    image, out = x.numpy().astype(np.float64), got.numpy()
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


def judge(seen: dict, seed: int, picture: bool = True) -> CheckReport:
    """Verdict from what `probe` saw for this seed."""
    given = inputs(seed)
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
    x, p = given["square"]
    got = seen["square"]
    want = target(x, p)
    modified = not all(seen.get(f"{name}.kept", True) for name in
                       ("square", "rectangle", "tall", "single", "grey", "double", "half", "gradient", "strided",
                        "square.unflat", "rectangle.unflat"))
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
        x, p = given[name]
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
    x, p = given["square"]
    out = seen.get("square.unflat")
    want5 = target(x, p, flat=False)
    if out is None:
        unflat_error = seen.get("square.unflat.error", "")
        fail(UNFLAT, "raises", error=unflat_error)
    elif out.dim() == 3 and tuple(out.shape) == want.shape:
        fail(UNFLAT, "flatten_ignored")
    elif tuple(out.shape) != want5.shape:
        last = tuple(out.shape) == tuple(want5.shape[i] for i in (0, 1, 3, 4, 2))
        fail(UNFLAT, "channels_last_in_patch" if last else "wrong_shape", got=tuple(out.shape), want=want5.shape)
    else:
        inner = diagnose(x, p, out.flatten(2))
        ok(UNFLAT, not inner, (inner or [""])[0], got=tuple(out.shape), want=want5.shape)

    # ValueError
    ok(DIVIDE, all(seen.get(f"{name}.refused", False) for name in (f"refuse{k}" for k in range(len(UNEVEN)))), "no_divisibility_error")

    # gradient
    grad = seen.get("gradient.value")
    flows = bool(seen.get("gradient.flows")) and grad is not None
    if flows and square_right and not rectangle_codes:
        x, p = given["weight"]
        flat = target(torch.arange(x.numel()).reshape(x.shape).double(), p).ravel().astype(int)
        expected = np.empty(x.numel())
        expected[flat] = np.arange(1, x.numel() + 1)
        flows = bool(np.allclose(grad.numpy().ravel(), expected))
    if rectangle_codes and square_right:
        ladder.held[GRADIENT] = flows  # its image is no square: that rung already says so
    else:
        ok(GRADIENT, flows, "breaks_gradient")

    # dtype, single image, strided, grey
    dtypes = [(name, want) for name, want in (("square", "torch.float32"), ("double", "torch.float64"),
                                              ("half", "torch.float16"))]
    changed = [name for name, want in dtypes if name in seen and seen.get(f"{name}.dtype") != want]
    if square_right and not rectangle_codes and "double" in seen:
        x, p = given["double"]
        out = seen["double"]
        rounded = out.numel() == x.numel() and not np.array_equal(out.numpy().ravel(), target(x, p).ravel())
        changed += ["double"] if rounded else []
    ok(KEEPS, not changed, "changes_dtype")
    for name in ("single", "pixels", "grey", "strided", "double", "half"):
        x, p = given[name]
        error, out = seen.get(f"{name}.error", ""), seen.get(name)
        if rectangle_codes and square_right and name in ("single", "pixels", "grey", "double", "half", "strided"):
            continue
        if error:
            fail(KEEPS, "raises", error=error, case=name)
        elif out is None or (square_right and not ignored and name in ("single", "pixels", "grey", "strided")
                             and (out.dim() != 3 or tuple(out.shape) != target(x, p).shape)):
            fail(KEEPS, "wrong_shape", got=tuple(out.shape) if out is not None else "no tensor",
                 want=target(x, p).shape)
        elif square_right and not ignored and name in ("grey", "strided", "single", "pixels") and diagnose(x, p, out):
            fail(KEEPS, diagnose(x, p, out)[0])
    report = ladder.report()
    if not report.passed and picture and not square_right and "square" in seen:
        return _with_picture(report, given["square"], seen["square"])
    return report


def _with_picture(report: CheckReport, given, got: torch.Tensor) -> CheckReport:
    from dataclasses import replace

    from .pictures import patches

    return replace(report, picture=patches(*given, target(*given, flat=False), got))
