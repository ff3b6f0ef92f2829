"""Inputs of `extract_features`: a backbone that is watched, and images in batches of which the last is smaller."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset

from ..run import attempt, generator
from .probe_models import Backbone, Conversions, Elsewhere
from .results import cases, gather, numbers

EXERCISE = "extract_features"
PASSES = 4
WIDTH = 5  # of the features


def inputs(seed: int) -> dict:
    """Images, labels, batch size, orders [passes, N] and weight of the backbone [C*H*W, D]; it comes in train or in eval mode.

    "shuffled" gives another order in every pass: features and labels must come from the same one. "stream" is a generator,
    which can be read once. All widths are the same, so that batches kept from an earlier call can be joined, and show."""
    g = generator(seed, EXERCISE)

    def case(count: int, batch: int, training: bool, stream: bool = False) -> dict:
        plain = torch.arange(count).repeat(PASSES, 1)
        return {"images": torch.randn(count, 1, 4, 3, generator=g), "labels": torch.randint(0, 10, (count,), generator=g),
                "weight": torch.randn(12, WIDTH, generator=g), "batch": batch, "training": training, "orders": plain, "stream": stream}

    shuffled = case(14, 4, True)
    shuffled["labels"] = torch.randperm(14, generator=g)  # all differ, so that a wrong pair shows
    shuffled["orders"] = torch.stack([torch.randperm(14, generator=g) for _ in range(PASSES)])
    return gather(train=case(11, 4, True), eval=case(9, 4, False), whole=case(8, 4, True), shuffled=shuffled,
                  stream=case(11, 4, True, stream=True))


class Passes(Sampler):
    """Orders of the images, one a pass over the loader."""

    def __init__(self, orders: torch.Tensor):
        self.orders, self.passes = orders.tolist(), 0

    def __len__(self) -> int:
        return len(self.orders[0])

    def __iter__(self):
        self.passes += 1
        return iter(self.orders[(self.passes - 1) % len(self.orders)])


def _loader(given: dict, case: str):
    """Batches of a case, on the device of the backbone: a DataLoader, or a generator of pairs."""
    images, labels = (given[f"{case}.{name}"].clone().as_subclass(Elsewhere) for name in ("images", "labels"))
    size = given[f"{case}.batch"]
    if given[f"{case}.stream"]:
        return (pair for pair in zip(images.split(size), labels.split(size)))
    return DataLoader(TensorDataset(images, labels), batch_size=size, sampler=Passes(given[f"{case}.orders"]))


def probe(fn, given: dict) -> dict:
    """Call the student's function with every backbone and loader; what came out, and what happened to the backbone."""
    seen: dict[str, object] = {}
    for case in cases(given):
        loader = _loader(given, case)
        backbone = Backbone(given[f"{case}.weight"]).train(bool(given[f"{case}.training"]))
        modes = [module.training for module in backbone.modules()]
        asking = [parameter.requires_grad for parameter in backbone.parameters()]
        with Conversions():
            value, error = attempt(lambda: fn(backbone, loader))
        seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
        seen[f"{case}.grad_mode"] = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        seen[f"{case}.in_training"] = backbone.in_training
        seen[f"{case}.restored"] = [module.training for module in backbone.modules()] == modes
        seen[f"{case}.asking"] = [parameter.requires_grad for parameter in backbone.parameters()] == asking
        if error:
            continue
        if isinstance(value, torch.Tensor):
            seen[f"{case}.alone"] = True
            continue
        pair, _ = attempt(lambda: list(value))
        seen[f"{case}.count"] = len(pair) if pair is not None else 0
        for name, part in zip(("features", "labels"), pair or []):
            first = part[0] if isinstance(part, (list, tuple)) and part else part
            seen[f"{case}.{name}.list"] = isinstance(part, (list, tuple)) and getattr(first, "ndim", 0) == (2 if name == "features" else 1)
            seen[f"{case}.{name}.grad"] = bool(getattr(first, "requires_grad", False))
            seen[f"{case}.{name}.home"] = not isinstance(first, torch.Tensor) or (
                not isinstance(first, Elsewhere) and first.device.type == "cpu")
            seen[f"{case}.{name}.none"] = part is None
            found, _ = attempt(lambda: numbers(part))
            if found is not None:
                seen[f"{case}.{name}"] = found
    return seen
