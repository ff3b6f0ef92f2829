"""Small models that the probes hand to a student's function: a backbone that is watched, and the course's ViT."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


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
    if name == "cpu" or _is_cpu(kwargs.get("device")):
        return True
    if name.endswith("_") and not name.endswith("__"):  # in place: the first argument stays where it is
        return bool(args) and _at_home(args[0])
    if name not in ("to", "type"):
        return False
    for value in (*args[1:], *kwargs.values()):
        if _at_home(value) or _is_cpu(value):
            return True
        if isinstance(value, str) and value.startswith("torch.") and "cuda" not in value or isinstance(value, type):
            return name == "type"
    return False


class Conversions(TorchFunctionMode):
    """Brings home what torch.as_tensor and torch.asarray, which ask no tensor, put on the CPU."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func in (torch.as_tensor, torch.asarray) and isinstance(out, Elsewhere) and _is_cpu((kwargs or {}).get("device")):
            return out.as_subclass(torch.Tensor)
        return out


def _at_home(value) -> bool:
    return isinstance(value, torch.Tensor) and not isinstance(value, Elsewhere)


def _is_cpu(value) -> bool:
    """Whether a value names the CPU: "cpu", "cpu:0" or such a torch.device."""
    try:
        return isinstance(value, (str, torch.device)) and torch.device(value).type == "cpu"
    except RuntimeError:
        return False


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


def vision_transformer(num_layers: int, embed_dim: int = 4, hidden_dim: int = 6, convolution: bool = False) -> Named:
    """The parameters of the course's VisionTransformer, under the names of notebook 03's solution.

    project is a Linear without bias, or, as in notebook 08, a convolution with one.
    """
    return Named(
        project=nn.Conv2d(1, embed_dim, 3, stride=3) if convolution else nn.Linear(9, embed_dim, bias=False),
        cls_token=nn.Parameter(torch.zeros(1, 1, embed_dim)),
        positions=nn.Parameter(torch.zeros(1, 5, embed_dim)),
        blocks=nn.Sequential(*(_block(embed_dim, hidden_dim) for _ in range(num_layers))),
        norm=nn.LayerNorm(embed_dim),
        head=nn.Linear(embed_dim, 3),
    )


@lru_cache
def parameter_names(num_layers: int, convolution: bool) -> list[str]:
    """Names of that model's parameters, in order; no random number is drawn."""
    with torch.device("meta"):
        return [name for name, _ in vision_transformer(num_layers, convolution=convolution).named_parameters()]
