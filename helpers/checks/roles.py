"""Sorts a module's parameters by what they do, whatever their names, and sets them for a probe.

Matrices, scales (ones at the start, as in LayerNorm) and shifts are told apart by shape and start value;
sizes in the probes are chosen so that a dimension says what it belongs to.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.weight_norm import WeightNorm


LAYERS = (nn.Linear, nn.LayerNorm, nn.MultiheadAttention, nn.modules.conv._ConvNd)


def without_parametrizations(model: nn.Module) -> None:
    """Give learned weights that are kept in another form their plain form: a direction and a length (Salimans and Kingma
    2016), or a number times what is learned. The layers stay what they are; what passes no gradient stays as well."""
    for module in list(model.modules()):
        for name, steps in list(getattr(module, "parametrizations", {}).items()):
            with torch.enable_grad():
                value, learned = getattr(module, name), list(steps.parameters(recurse=False))
                if value.requires_grad:
                    total = (value * torch.linspace(1, 2, value.numel()).reshape(value.shape)).sum()
                    grads = torch.autograd.grad(total, learned, allow_unused=True)
                    if all(grad is not None and grad.any() for grad in grads):
                        nn.utils.parametrize.remove_parametrizations(module, name)
        for hook in list(module._forward_pre_hooks.values()):
            if type(hook) is WeightNorm:
                nn.utils.remove_weight_norm(module, hook.name)


def is_vector(p: torch.Tensor) -> bool:
    """True for [D], [1, D], [1, 1, D], ... and scalars."""
    return p.numel() == max(p.shape, default=1)


class Roles:
    """Parameters of `model` by role; `width` is the size of the MLP's hidden layer, `dim` the embedding size."""

    def __init__(self, model: nn.Module, dim: int, width: int):
        without_parametrizations(model)
        self.model, self.dim, self.width = model, dim, width
        self.owner, self.params = {}, {}
        for module in model.modules():
            for name, p in module.named_parameters(recurse=False):
                if id(p) not in self.owner:
                    self.owner[id(p)] = module
                    self.params[id(p)] = p
        self.scales, self.shifts, self.mlp, self.rest = [], [], [], []
        for p in self.params.values():
            if is_vector(p):
                norm = isinstance(self.owner[id(p)], nn.LayerNorm) and p is self.owner[id(p)].weight
                ones = p.numel() > 1 and bool((p.detach() == 1).all()) and not isinstance(self.owner[id(p)], LAYERS)  # a bias may start at one
                (self.scales if norm or ones else self.shifts).append(p)
            else:
                (self.mlp if width in p.shape else self.rest).append(p)

    def find_scales(self, forward) -> None:
        """Move vectors that switch a branch off when they are zero (LayerScale, ReZero, a norm's own weight) from shifts to scales.

        `forward()` runs the model. With every own vector at 1, setting a scale to zero leaves some matrix without any
        gradient, or, where a bias follows the scale, with the same input for all tokens: a gradient of rank one. A bias does neither.
        """
        own = [p for p in self.shifts if type(self.owner[id(p)]).__module__.split(".")[0] != "torch"
               and p.requires_grad]
        if not own or len(own) > 40:
            return
        matrices = [p for p in self.matrices if p.requires_grad]
        before = {id(p): p.detach().clone() for p in own + matrices}

        def silent() -> set[int]:
            with torch.enable_grad():
                out = forward()
                weight = torch.linspace(-1, 2, out.numel()).reshape(out.shape).to(out)
                grads = torch.autograd.grad((out * weight).sum(), matrices, allow_unused=True)
            return {i for i, grad in enumerate(grads) if grad is None or not (grad != 0).any() or self._rank_one(matrices[i], grad)}

        with torch.no_grad():
            generator = torch.Generator().manual_seed(7)
            for p in matrices:
                p.copy_(torch.randn(p.shape, generator=generator).to(p) / self.dim**0.5)
            for p in own:
                p.fill_(1.0)
        usual = silent()
        for p in own:
            with torch.no_grad():
                p.zero_()
            if silent() - usual:
                self.scales.append(p)
                self.shifts = [q for q in self.shifts if q is not p]
            with torch.no_grad():
                p.fill_(1.0)
        with torch.no_grad():
            for p in own + matrices:
                p.copy_(before[id(p)])

    def _rank_one(self, p: torch.Tensor, grad: torch.Tensor) -> bool:
        """Whether a layer's gradient is that of one input alone, times numbers."""
        axes = self._axes(p)
        if not axes or p.numel() == p.shape[axes[0]]:
            return False
        values = torch.linalg.svdvals(grad.movedim(axes[0], -1).reshape(-1, self.dim).double())
        return bool(values[1] < 1e-4 * values[0])

    @property
    def matrices(self) -> list[torch.Tensor]:
        return self.mlp + self.rest

    @torch.no_grad()
    def neutral(self) -> None:
        """Scales 1, shifts 0."""
        for p in self.scales:
            p.fill_(1.0)
        for p in self.shifts:
            p.zero_()

    @torch.no_grad()
    def random(self, generator: torch.Generator, gain: float = 1.2) -> dict[int, torch.Tensor]:
        """Draw all matrices anew (scales 1, shifts 0) and return their values."""
        self.neutral()
        values = {}
        for p in self.matrices:
            drawn = torch.randn(p.shape, generator=generator) * gain / self.dim**0.5
            p.copy_(drawn.to(p))
            values[id(p)] = drawn
        return values

    @torch.no_grad()
    def restore(self, values: dict[int, torch.Tensor], *, without=()) -> None:
        """Set matrices back to `values`, those in `without` to zero."""
        off = {id(p) for p in without}
        for p in self.matrices:
            p.zero_() if id(p) in off else p.copy_(values[id(p)].to(p))

    def _axes(self, p: torch.Tensor) -> list[int]:
        """Axes of p that may be the embedding axis on its input side."""
        owner = self.owner[id(p)]
        if isinstance(owner, (nn.Linear, nn.MultiheadAttention, nn.Conv1d)) and p.shape[1] == self.dim:
            return [1]
        return [axis for axis, size in enumerate(p.shape) if size == self.dim]

    @property
    def ambiguous(self) -> bool:
        """True where a raw square matrix could be used from either side."""
        return any(len(self._axes(p)) > 1 for p in self.rest)

    @torch.no_grad()
    def stripes(self, params, vector: torch.Tensor, *, last: bool = False) -> None:
        """Fill each matrix with `vector` [D] along its embedding axis, constant along the others: then every
        output entry is the same number, vector . input, in whatever order queries, keys, values and heads lie."""
        for p in params:
            axes = self._axes(p)
            if not axes:
                p.zero_()  # a bias of several axes
                continue
            axis = axes[-1] if last else axes[0]
            shape = [1] * p.dim()
            shape[axis] = self.dim
            p.copy_(vector.to(p).reshape(shape).expand(p.shape))

    @torch.no_grad()
    def zero(self, params) -> None:
        for p in params:
            p.zero_()


def unregistered(model: nn.Module, modules_only: bool = False) -> int:
    """Number of parameters in modules that sit in plain lists, tuples, dicts or sets, and of weights kept as
    plain tensors (not with modules_only): an optimiser does not see them."""
    known = {id(p) for p in model.parameters()}
    found: set[int] = set()

    def walk(value, depth: int) -> None:
        if depth > 4:
            return
        if isinstance(value, nn.Module):
            found.update(id(p) for p in value.parameters() if id(p) not in known)
        elif isinstance(value, torch.Tensor):
            if modules_only:
                return
            trainable = isinstance(value, nn.Parameter) or value.requires_grad and value.is_leaf
            if trainable or value.is_floating_point() and value.dim() == 2 and min(value.shape) > 1:
                found.update({id(value)} - known)
        elif isinstance(value, dict):
            for item in list(value.values()):
                walk(item, depth + 1)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for item in list(value):
                walk(item, depth + 1)

    for module in model.modules():
        for name, value in list(vars(module).items()):
            if name not in ("_parameters", "_buffers", "_modules"):
                walk(value, 0)
    return len(found)
