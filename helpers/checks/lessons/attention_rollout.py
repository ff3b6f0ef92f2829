"""Inputs of `attention_rollout`: attention of a few layers, and one whose rows do not quite sum to 1."""

from __future__ import annotations

import torch

from ..run import generator
from .results import gather, plain

EXERCISE = "attention_rollout"
probe = plain("attention")


def inputs(seed: int) -> dict:
    """Attention [L, B, H, T, T], float32; rows sum to 1, except in "loose", where dropout took some weights away."""
    g = generator(seed, EXERCISE)

    def weights(*shape: int) -> torch.Tensor:
        return (torch.randn(*shape, generator=g) * 2).softmax(-1)

    loose = weights(2, 2, 3, 5, 5)
    loose = loose * (torch.rand(loose.shape, generator=g) > 0.3)
    return gather(deep={"attention": weights(3, 2, 4, 6, 6)}, single={"attention": weights(1, 1, 1, 4, 4)},
                  wide={"attention": weights(4, 3, 2, 5, 5)}, two={"attention": weights(2, 2, 3, 4, 4)}, loose={"attention": loose})
