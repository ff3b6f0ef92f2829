"""Inputs of `bug_constant_lr`, `training_setup(model, lr, total_steps)` -> (optimizer, scheduler), for models like notebook 03's."""

from __future__ import annotations

import torch

from ..run import attempt, generator
from .probe_models import vision_transformer
from .results import cases, gather

EXERCISE = "bug_constant_lr"


def inputs(seed: int) -> dict:
    """Depth of the model, standard deviation of its class token and positions, learning rate and number of steps.

    Fewer than a hundred steps: a schedule over a hundred, as in the notebook's figure, does not arrive.
    """
    g = generator(seed, EXERCISE)

    def case(layers: int, std: float) -> dict:
        rate, steps = torch.rand(2, generator=g).tolist()
        return {"num_layers": layers, "std": std, "lr": 1e-3 * (1 + rate), "total_steps": 40 + int(20 * steps)}

    return gather(small=case(1, 0.02), large=case(2, 1.0))


def probe(fn, given: dict) -> dict:
    """Let the student's function prepare a training and take its steps: spread of the positions, learning rate of each step."""
    seen: dict[str, object] = {}
    for case in cases(given):
        model, total = vision_transformer(given[f"{case}.num_layers"], embed_dim=16), given[f"{case}.total_steps"]
        for parameter in (model.positions, model.cls_token):
            torch.nn.init.normal_(parameter, std=given[f"{case}.std"])
        value, error = attempt(lambda: fn(model, given[f"{case}.lr"], total))
        seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
        if error:
            continue
        pair, _ = attempt(lambda: tuple(value))
        kinds = [isinstance(part, torch.optim.Optimizer) for part in pair or ()]
        seen[f"{case}.pair"], seen[f"{case}.swapped"] = len(kinds) == 2 and kinds[0], kinds == [False, True]
        if seen[f"{case}.pair"]:
            seen[f"{case}.positions"] = model.positions.detach().double().clone()
            given_to = {id(p) for group in pair[0].param_groups for p in group["params"]}
            seen[f"{case}.missing"] = sum(id(p) not in given_to for p in model.parameters())
            seen[f"{case}.token"] = model.cls_token.detach().double().clone()
            rates, seen[f"{case}.steps.error"] = attempt(lambda: _take(model, *pair, total))
            if rates is not None:
                seen[f"{case}.rates"] = rates
    return seen


def _take(model, optimizer, scheduler, total: int) -> torch.Tensor:
    """Learning rate of each step in each group that has parameters, [total, groups]."""
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    rates = []
    for _ in range(total):
        rates.append([float(group["lr"]) for group in optimizer.param_groups if group["params"]])
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)
