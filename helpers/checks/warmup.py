"""Check of the warm-up of notebook 02, scaled dot-product attention (Vaswani et al. 2017, equation 1); ungraded."""

from __future__ import annotations

import torch

from .run import attempt, generator, tensor

EXERCISE = "scaled_dot_product_attention"


def inputs(seed: int) -> dict[str, torch.Tensor]:
    """q, k, v [2, 3, 5, 4]: no two sizes alike, so that a swapped axis shows."""
    g = generator(seed, EXERCISE)
    return {name: torch.randn(2, 3, 5, 4, generator=g) * 1.5 for name in "qkv"}


def probe(fn, given: dict) -> dict:
    """Call the student's function once; plain tensors and error lines come back."""
    value, error = attempt(lambda: fn(*(given[name].clone() for name in "qkv")))
    seen: dict[str, object] = {"error": error, "type": type(value).__name__}
    if isinstance(value, torch.Tensor):
        value = (value,)
    if isinstance(value, (tuple, list)):
        seen["count"] = len(value)
        for name, item in zip(("values", "weights"), value):
            if isinstance(item, torch.Tensor):
                seen[name] = tensor(item).double()
    return seen
