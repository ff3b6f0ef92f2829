"""Drawn shapes in ten classes: they stand in for images that cannot be had, so that a notebook still runs."""

import math

import torch
from torch import Tensor

CLASSES = ("disc", "ring", "square", "frame", "triangle", "plus", "diagonal cross", "bar", "two discs", "half disc")


def drawn(count: int, size: int, channels: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw shapes of random place, size, turn and colour on a noisy ground, `count` of each class.

    Returns images uint8 [10 * count, C, S, S] and labels int64 [10 * count], shuffled. The same seed draws the same images.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(10).repeat_interleave(count)[torch.randperm(10 * count, generator=generator)]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(len(labels), *shape, generator=generator)

    axis = (torch.arange(size) + 0.5) / size * 2 - 1  # pixel centres in -1..1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    turn = uniform(-math.pi / 8, math.pi / 8, 1, 1)
    radius = uniform(0.45, 0.75, 1, 1)
    x, y = x - uniform(-0.2, 0.2, 1, 1), y - uniform(-0.2, 0.2, 1, 1)  # [N, S, S]
    u, v = (x * turn.cos() + y * turn.sin()) / radius, (y * turn.cos() - x * turn.sin()) / radius
    distance, side = (u.square() + v.square()).sqrt(), torch.maximum(u.abs(), v.abs())
    inside = torch.stack([
        distance < 0.9,
        (distance < 0.95) & (distance > 0.6),
        side < 0.8,
        (side < 0.9) & (side > 0.6),
        (v < 0.7) & (v > 2 * u.abs() - 0.9),
        (side < 0.9) & (torch.minimum(u.abs(), v.abs()) < 0.22),
        (side < 0.8) & ((u - v).abs().minimum((u + v).abs()) < 0.3),
        (u.abs() < 0.95) & (v.abs() < 0.28),
        ((u.abs() - 0.5).square() + v.square()).sqrt() < 0.42,
        (distance < 0.95) & (v > 0),
    ]).gather(0, labels.view(1, -1, 1, 1).expand(1, -1, size, size))[0]  # [N, S, S]
    ground, ink = uniform(0, 90, channels, 1, 1), uniform(130, 255, channels, 1, 1)
    images = torch.where(inside.unsqueeze(1), ink, ground) + 12 * torch.randn(len(labels), channels, size, size, generator=generator)
    return images.clamp(0, 255).to(torch.uint8), labels
