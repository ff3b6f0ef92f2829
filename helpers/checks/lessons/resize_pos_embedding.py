"""Inputs of `resize_pos_embedding`: positions to be made larger, smaller, and left alone, on grids that are no squares."""

from __future__ import annotations

import torch

from ..run import generator
from .results import gather, plain

EXERCISE = "resize_pos_embedding"
probe = plain("pos", "old_grid", "new_grid")


def inputs(seed: int) -> dict:
    """Positions [1, 1 + h*w, D], float32. In "turned" and "exchanged" both grids have the same number of patches,
    in "rows" and "columns" the same number of one of them."""
    g = generator(seed, EXERCISE)

    def case(old: tuple[int, int], new: tuple[int, int], width: int) -> dict:
        return {"pos": torch.randn(1, 1 + old[0] * old[1], width, generator=g), "old_grid": torch.tensor(old), "new_grid": torch.tensor(new)}

    return gather(up=case((4, 4), (7, 7), 5), wide=case((2, 3), (4, 7), 6), down=case((6, 4), (3, 2), 5), turned=case((2, 6), (4, 3), 7),
                  rows=case((3, 4), (3, 6), 5), columns=case((3, 4), (5, 4), 7), same=case((2, 4), (2, 4), 6),
                  exchanged=case((3, 5), (5, 3), 5))
