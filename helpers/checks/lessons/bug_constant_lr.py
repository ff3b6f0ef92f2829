"""Inputs of `bug_constant_lr`, `training_setup(model, lr, total_steps)` -> (optimizer, scheduler), for models like notebook 03's."""

from __future__ import annotations

import torch

from ..run import attempt, generator
from .probe_models import vision_transformer
from .results import cases, gather

EXERCISE = "bug_constant_lr"


def inputs(seed: int) -> dict:
    """Depth of the model, learning rate and number of steps."""
    g = generator(seed, EXERCISE)

    def case(layers: int) -> dict:
        rate, steps = torch.rand(2, generator=g).tolist()
        return {"num_layers": layers, "lr": 1e-3 * (1 + rate), "total_steps": 30 + int(30 * steps)}

    return gather(small=case(1), large=case(2))


def probe(fn, given: dict) -> dict:
    """Let the student's function prepare a training and take its steps: spread of the positions, learning rate of each step."""
    seen: dict[str, object] = {}
    for case in cases(given):
        model, total = vision_transformer(given[f"{case}.num_layers"], embed_dim=16), given[f"{case}.total_steps"]
        torch.nn.init.trunc_normal_(model.positions, std=0.02)
        torch.nn.init.trunc_normal_(model.cls_token, std=0.02)
        value, error = attempt(lambda: fn(model, given[f"{case}.lr"], total))
        seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
        if error:
            continue
        pair, _ = attempt(lambda: tuple(value))
        seen[f"{case}.pair"] = pair is not None and len(pair) == 2 and isinstance(pair[0], torch.optim.Optimizer)
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
    """Learning rate of each step, the largest of all groups, [total]."""
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    rates = []
    for _ in range(total):
        rates.append(max(float(group["lr"]) for group in optimizer.param_groups))
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)
