"""Pictures of a check: theirs against the target."""

from __future__ import annotations

import io

import numpy as np


def patches(x, p: int, want: np.ndarray, got) -> bytes | None:
    """PNG of the first image's patches in sequence: the target above, yours below.

    x: [B, C, H, W] as probed; want: [B, N, C, p, p]; got: [B, M, C*p*p] or [B, M, C, p, p] (anything else gives None).
    """
    from matplotlib.figure import Figure

    count, channels = want.shape[1], want.shape[2]
    numbers = got.numpy()
    if numbers.ndim < 3 or numbers[0, 0].size != channels * p * p:
        return None
    where = {}  # pixel number -> colour that shows where in the image the pixel came from
    _, _, height, width = x.shape
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                colour = np.array([0.15 + 0.8 * i / height, 0.15 + 0.8 * j / width, 0.35 + 0.2 * c])
                where[float(x[0, c, i, j])] = colour
    grey = np.array([0.6, 0.6, 0.6])

    def draw(axis, patch):
        shown = np.stack([[where.get(float(v), grey) for v in row] for row in patch[0]])
        axis.imshow(shown, interpolation="nearest")
        axis.set_xticks([])
        axis.set_yticks([])

    shown = min(count, 8)
    figure = Figure(figsize=(1 + shown, 2.9), facecolor="white")
    axes = figure.subplots(2, shown, squeeze=False)
    for n in range(shown):
        draw(axes[0, n], want[0, n])
        if n < numbers.shape[1]:
            draw(axes[1, n], numbers[0, n].reshape(channels, p, p))
        else:
            axes[1, n].axis("off")
        axes[0, n].set_title(f"patch {n}", fontsize=8)
    axes[0, 0].set_ylabel("target", fontsize=9)
    axes[1, 0].set_ylabel("yours", fontsize=9)
    figure.suptitle("First channel of each patch; the colour tells where in the image a pixel came from", fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()
