"""Pictures of these checks: yours against the target. Each returns the bytes of a PNG."""

from __future__ import annotations

import io

import numpy as np

BLUE, ORANGE = "#0072b2", "#d55e00"  # colour-blind safe


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80, bbox_inches="tight")
    return buffer.getvalue()


def grids(titles: tuple[str, ...], maps: list[np.ndarray], heading: str) -> bytes:
    """Matrices side by side with one colour scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.4 * len(maps), 2.9), facecolor="white")
    finite = [np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0) for one in maps]
    low, high = min(one.min() for one in finite[:-1]), max(one.max() for one in finite[:-1])
    for axis, title, one in zip(figure.subplots(1, len(maps), squeeze=False)[0], titles, finite):
        axis.imshow(one, cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
        axis.set_title(title, fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle(heading, fontsize=9)
    return _png(figure)


def curves(want: np.ndarray, got: np.ndarray, warmup: int) -> bytes:
    """Factor against step: the target dashed, yours in full."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 2.6), facecolor="white")
    axis = figure.subplots()
    axis.plot(want, "o--", color=BLUE, markersize=3, label="one right schedule")
    axis.plot(got, "o-", color=ORANGE, markersize=3, label="yours")
    axis.axvline(warmup, color="#999999", linewidth=1)
    axis.annotate("warm-up ends", (warmup, 0.02), fontsize=8, color="#555555")
    axis.set_xlabel("step", fontsize=9)
    axis.set_ylabel("factor", fontsize=9)
    axis.legend(fontsize=8)
    return _png(figure)


def samples(x: np.ndarray, out: np.ndarray) -> bytes:
    """Ratio of output to input, one row a sample: a dropped sample is a dark row."""
    with np.errstate(all="ignore"):
        ratio = np.nan_to_num(out / x).reshape(len(x), -1)[:24]
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.4, 3.2), facecolor="white")
    axis = figure.subplots()
    image = axis.imshow(ratio, cmap="viridis", aspect="auto", interpolation="nearest", vmin=0)
    axis.set_xlabel("numbers of a sample", fontsize=9)
    axis.set_ylabel("sample", fontsize=9)
    axis.set_title("your output / input", fontsize=9)
    figure.colorbar(image)
    return _png(figure)


def bars(names: list[str], want: list[float], got: list[float]) -> bytes:
    """Learning rate of each part of a model: the target beside yours."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 2.6), facecolor="white")
    axis, places = figure.subplots(), np.arange(len(names))
    axis.bar(places - 0.2, want, 0.4, color=BLUE, label="target")
    axis.bar(places + 0.2, np.nan_to_num(got), 0.4, color=ORANGE, label="yours")
    axis.set_xticks(places, names, fontsize=8)
    axis.set_ylabel("learning rate", fontsize=9)
    axis.legend(fontsize=8)
    return _png(figure)
