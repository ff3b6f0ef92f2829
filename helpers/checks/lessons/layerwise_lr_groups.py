"""Inputs of `layerwise_lr_groups`: learning rates and decays for ViTs of several depths."""

from __future__ import annotations

import torch

from ..run import attempt, generator
from .probe_models import vision_transformer
from .results import cases, gather

EXERCISE = "layerwise_lr_groups"


def inputs(seed: int) -> dict:
    """Number of blocks, kind of projection, learning rate and decay of each case."""
    g = generator(seed, EXERCISE)

    def case(layers: int, convolution: bool = True) -> dict:
        rate, decay = torch.rand(2, generator=g).tolist()
        return {"num_layers": layers, "convolution": convolution, "lr": 1e-4 * (1 + 8 * rate), "decay": round(0.55 + 0.3 * decay, 3)}

    return gather(three=case(3), five=case(5), two=case(2), four=case(4), six=case(6), twelve=case(12),
                  one=case(1), linear=case(3, convolution=False))


def probe(fn, given: dict) -> dict:
    """Call the student's function with every model; rate and number of appearances of each parameter come back."""
    seen: dict[str, object] = {}
    for case in cases(given):
        model = vision_transformer(given[f"{case}.num_layers"], convolution=bool(given[f"{case}.convolution"]))
        lr, decay = given[f"{case}.lr"], given[f"{case}.decay"]
        value, error = attempt(lambda: fn(model, lr, decay))
        seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
        if error:
            continue
        groups, _ = attempt(lambda: [dict(group) for group in value])
        seen[f"{case}.groups"] = bool(groups) and all("params" in group for group in groups)
        if seen[f"{case}.groups"]:
            _, seen[f"{case}.odd"] = attempt(lambda: _rates(model, groups, lr, seen, case))
    return seen


def _rates(model, groups: list[dict], lr: float, seen: dict, case: str) -> None:
    """Rate and number of appearances of every parameter, in the order of model.parameters().

    Raises TypeError for a set of parameters, which AdamW refuses (no AdamW is built: its first one takes seconds).
    """
    for group in groups:
        if isinstance(group["params"], (set, frozenset, str)):
            raise TypeError("parameters need an order")
        listed = [group["params"]] if isinstance(group["params"], torch.Tensor) else list(group["params"])
        group["params"] = [item[1] if isinstance(item, tuple) else item for item in listed]
    seen[f"{case}.without"] = sum("lr" not in group for group in groups)
    rates, times = [], []
    for parameter in model.parameters():
        found = [float(group.get("lr", lr)) for group in groups for item in group["params"] if item is parameter]
        rates.append(found[0] if found else float("nan"))
        times.append(len(found))
    seen[f"{case}.rates"] = torch.tensor(rates, dtype=torch.float64)
    seen[f"{case}.times"] = torch.tensor(times)
