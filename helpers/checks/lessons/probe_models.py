"""Small models that the probes hand to a student's function: a backbone that is watched, and the course's ViT."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn


class Elsewhere(torch.Tensor):
    """A tensor that behaves as if it lived on another device: what is made from it stays there until .cpu() or .to("cpu")."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = super().__torch_function__(func, types, args, kwargs)
        if isinstance(out, Elsewhere) and _comes_home(func, args, kwargs):
            return out.as_subclass(torch.Tensor)
        return out


def _comes_home(func, args, kwargs) -> bool:
    name = getattr(func, "__name__", "")
    if name == "cpu":
        return True
    if name not in ("to", "type", "as_tensor", "tensor"):
        return False
    for value in (*args[1:], *kwargs.values()):
        if isinstance(value, torch.Tensor) and not isinstance(value, Elsewhere):
            return True
        if isinstance(value, (str, torch.device)) and torch.device("cpu") == _device(value):
            return True
        if isinstance(value, str) and value.startswith("torch.") and "cuda" not in value or isinstance(value, type):
            return name == "type"
    return False


def _device(value):
    try:
        return torch.device(value)
    except (RuntimeError, TypeError):
        return None


class Backbone(nn.Module):
    """images [B, C, H, W] -> features [B, D], with batch norm and dropout; notes the mode of every forward pass."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.project = nn.Linear(*weight.shape, bias=False)
        with torch.no_grad():
            self.project.weight.copy_(weight.T)
        self.norm = nn.BatchNorm1d(weight.shape[1])
        self.body = nn.Sequential(nn.Dropout(0.5), nn.Identity())
        self.in_training = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.in_training = self.in_training or any(module.training for module in self.modules())
        return self.body(self.norm(self.project(x.flatten(1)))).as_subclass(Elsewhere)


class Named(nn.Module):
    """Holds modules and parameters under given names; computes nothing."""

    def __init__(self, **parts: nn.Module | nn.Parameter):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


def _block(width: int, inner: int) -> Named:
    """The parameters of the course's AttentionBlock."""
    mlp = (nn.Linear(width, inner), nn.GELU(), nn.Identity(), nn.Linear(inner, width))
    return Named(norm1=nn.LayerNorm(width), qkv=nn.Linear(width, 3 * width), mix_heads=nn.Linear(width, width), norm2=nn.LayerNorm(width),
                 mlp=nn.Sequential(*mlp))  # fmt: skip


def vision_transformer(num_layers: int, embed_dim: int = 4, hidden_dim: int = 6) -> Named:
    """The parameters of the course's VisionTransformer, under the names of notebook 03's solution."""
    return Named(
        project=nn.Linear(9, embed_dim, bias=False),
        cls_token=nn.Parameter(torch.zeros(1, 1, embed_dim)),
        positions=nn.Parameter(torch.zeros(1, 5, embed_dim)),
        blocks=nn.Sequential(*(_block(embed_dim, hidden_dim) for _ in range(num_layers))),
        norm=nn.LayerNorm(embed_dim),
        head=nn.Linear(embed_dim, 3),
    )


@lru_cache
def parameter_names(num_layers: int) -> list[str]:
    """Names of that model's parameters, in order; no random number is drawn."""
    with torch.device("meta"):
        return [name for name, _ in vision_transformer(num_layers).named_parameters()]
