"""Inputs of `mean_attention_distance`: attention on square, wide and tall grids."""

from __future__ import annotations

import torch

from ..run import generator
from .results import gather, plain

EXERCISE = "mean_attention_distance"
probe = plain("attention", "grid", "patch_size")


def inputs(seed: int) -> dict:
    """Attention [L, B, H, T, T], float32, rows sum to 1. The class token gets much weight, so that leaving it in shows;
    no two sizes of a case are alike, so that a swapped axis shows."""
    g = generator(seed, EXERCISE)

    def case(layers: int, images: int, heads: int, grid: tuple[int, int], patch_size: int) -> dict:
        tokens = 1 + grid[0] * grid[1]
        scores = torch.randn(layers, images, heads, tokens, tokens, generator=g) * 2
        scores[..., 0] += 2 * torch.rand(layers, images, heads, tokens, generator=g)
        return {"attention": scores.softmax(-1), "grid": torch.tensor(grid), "patch_size": patch_size}

    return gather(square=case(2, 3, 4, (3, 3), 4), wide=case(3, 2, 4, (2, 5), 7), tall=case(2, 4, 3, (4, 2), 3),
                  single=case(1, 1, 1, (4, 4), 2))
