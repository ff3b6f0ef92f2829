"""Closed forms of an attention block whose matrices are stripes (see roles.Roles.stripes)."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .run import close

ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_tanh": lambda a: F.gelu(a, approximate="tanh"),
    "relu": F.relu,
    "none": lambda a: a,
}


def normalised(out: torch.Tensor) -> bool:
    """Every token has mean 0 and variance 1."""
    return (out.mean(-1).abs().max() < 1e-2).item() and ((out.var(-1, unbiased=False) - 1).abs().max() < 2e-2).item()


def rank_one(out: torch.Tensor, level: torch.Tensor) -> torch.Tensor | None:
    """The direction g with out[b, t] = level[b, t] * g, or None where there is none."""
    out, level = out.double(), level.double()
    if not torch.isfinite(out).all():
        return None
    g = (level[..., None] * out).flatten(0, 1).sum(0) / level.square().sum().clamp_min(1e-12)
    left = (out - level[..., None] * g).abs().max()
    return g if left <= 2e-3 * out.abs().max().clamp_min(1e-6) and g.abs().max() > 1e-4 else None


def mix(query, key, value, strength: float) -> torch.Tensor:
    """Attention of tokens that are one number each: query, key, value [B, T] -> [B, T]."""
    weights = torch.softmax(strength * query[:, :, None] * key[:, None, :], dim=-1)  # [B, T, T]
    return (weights @ value[..., None])[..., 0]


def learns(slope: torch.Tensor, weights: torch.Tensor, x: torch.Tensor, tolerance: float, branch, *facts) -> bool:
    """Whether `slope` is the gradient of weights * (x + branch(x, *facts)) with respect to x: nothing cuts it inside the branch."""
    with torch.enable_grad():
        leaf = x.double().requires_grad_(True)
        (wanted,) = torch.autograd.grad((branch(leaf, *facts) * weights.double()).sum(), leaf)
    size = wanted.abs().max().clamp_min(1e-6)
    return close((slope.double() - weights.double()) / size, wanted / size, tolerance)


def invariant(seen, given, branch: str) -> bool:
    """A LayerNorm in front of a branch makes the branch blind to each token's scale and shift."""
    scale, shift = given["stretch"], given["shift"]
    x = given["x"]
    return close(seen[branch] - x, seen[f"{branch}.stretched"] - (x * scale + shift), 2e-3)
