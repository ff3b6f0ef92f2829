"""The digits that checkpoints are measured on: images for the kernel, labels for the judge alone.

`test_accuracy` is measured on MEASURED test digits that nobody can look up: which ones, and how each is turned and shifted,
comes from the run's secret and the student's id. The change lies well within what the course trains with (10 degrees, 2
pixels) and is small enough that an honest model loses nothing, so that the thresholds of notebook 04 stand as they are.
Measured on the 500 test digits of MNIST-5k, 6 draws of 2,000: the course's recipe 97.6 % as they are, 98.1 % (97.8 to 98.4)
disguised; the same trained for 12 epochs without augmentation 87.6 % and 88.0 % (87.5 to 88.4).
It keeps out a table of known images, not one that looks for the nearest of them: that is a classifier in its own right.
"""

from __future__ import annotations

import math
import secrets
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

from helpers.checks.run import generator
from helpers.data import Digits, Split
from helpers.evidence import TRAIN_PART

MEASURED = 2_000
DEGREES, SHIFT = 3.0, 0.5  # largest turn, largest shift in pixels


def save_digits(digits: Digits, folder: Path) -> tuple[str, str]:
    """Write the digits that evidence needs: (file of the images, file of the labels), the second never shown to a kernel."""
    parts = {"train": TRAIN_PART, "val": None, "test": None}
    splits = {part: getattr(digits, part) for part in parts}
    images, labels = (Path(folder) / secrets.token_hex(8) / f"{digits.source}.npz" for _ in range(2))
    for path in (images, labels):
        path.parent.mkdir(parents=True)
    numpy.savez(
        images, source=digits.source, mean=digits.mean, std=digits.std, **{part: splits[part].images[:count].numpy() for part, count in parts.items()}
    )
    numpy.savez(labels, **{part: splits[part].labels[:count].numpy() for part, count in parts.items()})
    return str(images), str(labels)


def load_digits(images: str, labels: str) -> Digits:
    """The digits that `save_digits` wrote, with their labels."""
    with numpy.load(images) as x, numpy.load(labels) as y:
        splits = {part: Split(torch.from_numpy(x[part]), torch.from_numpy(y[part])) for part in ("train", "val", "test")}
        return Digits(**splits, source=str(x["source"]), mean=float(x["mean"]), std=float(x["std"]))


def disguise(split: Split, seed: int, count: int = MEASURED) -> Split:
    """`count` digits of a split, each turned and shifted by its own secret amount; a small split is used several times."""
    g = generator(seed, "disguise")
    chosen = torch.cat([torch.randperm(len(split), generator=g) for _ in range(-(-count // len(split)))])[:count]
    random = torch.rand(3, count, generator=g) * 2 - 1
    angle = random[0] * math.radians(DEGREES)
    cos, sin = angle.cos(), angle.sin()
    right, down = random[1:] * SHIFT * 2 / split.images.shape[-1]
    theta = torch.stack([cos, -sin, right, sin, cos, down], dim=1).view(-1, 2, 3)
    x = split.images[chosen].float()
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    moved = F.grid_sample(x, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    return Split(moved.round().clamp(0, 255).to(torch.uint8), split.labels[chosen])


def shown(digits: Digits, exercise: str, part: str) -> dict:
    """What a kernel gets to see of one part of the digits, fit for `checks.pack`: images, no labels."""
    return {"exercise": exercise, "part": part, "images": getattr(digits, part).images, "source": digits.source, "mean": digits.mean, "std": digits.std}
