"""Inputs of `warmup_cosine`: lengths of warm-up and training."""

from __future__ import annotations

import torch

from ..run import attempt, generator
from .results import cases, gather, numbers

EXERCISE = "warmup_cosine"


def inputs(seed: int) -> dict:
    """Warm-ups of 3 or more steps in trainings at least three times as long; the shortest warm-up, and the longest."""
    g = generator(seed, EXERCISE)

    def case(low: int, high: int) -> dict:
        warmup = int(torch.randint(low, high, (1,), generator=g))
        return {"warmup_steps": warmup, "total_steps": warmup * int(torch.randint(3, 7, (1,), generator=g)) + warmup // 2}

    usual = {"short": case(3, 6), "long": case(10, 20)}
    one, most = torch.randint(5, 10, (2,), generator=g).tolist()
    return gather(**usual, one={"warmup_steps": 1, "total_steps": one}, most={"warmup_steps": most, "total_steps": most + 1})


def probe(fn, given: dict) -> dict:
    """Factors of steps 0 to total_steps - 1 of every case, [total_steps]."""
    seen: dict[str, object] = {}
    for case in cases(given):
        warmup, total = given[f"{case}.warmup_steps"], given[f"{case}.total_steps"]
        first, _ = attempt(lambda: fn(0, warmup, total))
        seen[f"{case}.type"] = type(first).__name__
        values, seen[f"{case}.error"] = attempt(lambda: [fn(step, warmup, total) for step in range(total)])
        found, _ = attempt(lambda: [numbers(value) for value in values or ()])
        odd = next((step for step, item in enumerate(found or ()) if item is None or item.numel() != 1), None)
        if odd is not None:
            seen[f"{case}.odd"] = f"{type(values[odd]).__name__} at step {odd}"
        if found and all(item is not None and item.numel() == 1 for item in found):
            seen[case] = torch.stack([item.reshape(()) for item in found])
    return seen
