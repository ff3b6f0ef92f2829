"""Inputs of `vit_cost`: sizes of a ViT, no two of them alike."""

from __future__ import annotations

import torch

from ..run import attempt, generator
from .results import cases, gather, numbers

EXERCISE = "vit_cost"
SIZES = ("image_size", "patch_size", "num_channels", "embed_dim", "hidden_dim", "num_layers", "num_classes")
COUNTS = ("tokens", "parameters", "forward_macs")


def inputs(seed: int) -> dict:
    """Three sets of sizes; the number of patches along a side, of layers and of classes are never 1."""
    g = generator(seed, EXERCISE)

    def case(channels: int) -> dict:
        def draw(low, high):
            return int(torch.randint(low, high, (1,), generator=g))

        p = draw(3, 9)
        return dict(zip(SIZES, (p * draw(3, 9), p, channels, 8 * draw(3, 12) + 4, 8 * draw(12, 30), draw(2, 9), draw(11, 40))))

    return gather(grey=case(1), colour=case(3), deep=case(2))


def probe(fn, given: dict) -> dict:
    """Call the student's function on every set of sizes; the three counts come back."""
    seen: dict[str, object] = {}
    for case in cases(given):
        value, error = attempt(lambda: fn(*(given[f"{case}.{name}"] for name in SIZES)))
        seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
        seen[f"{case}.dict"] = not error and hasattr(value, "keys") and hasattr(value, "__getitem__")
        for key in COUNTS if seen[f"{case}.dict"] else ():
            found, absent = attempt(lambda: numbers(value[key]))
            seen[f"{case}.{key}.there"] = not absent
            if found is not None and found.numel() == 1 and not isinstance(value[key], (list, tuple)):
                seen[f"{case}.{key}"] = float(found)
    return seen
