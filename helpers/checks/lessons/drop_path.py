"""Inputs of `drop_path`: many samples, so that what is dropped can be counted."""

from __future__ import annotations

import torch

from ..run import attempt, generator, tensor
from .results import cases, draws, gather, numbers

EXERCISE = "drop_path"
PAIRS = 64  # calls with two samples at p = 0.5: each of the four outcomes is missing once in 10 million


def inputs(seed: int) -> dict:
    """Tokens [B, T, D] without a number near 0; `draw` seeds the student's random numbers."""
    g = generator(seed, EXERCISE)

    def case(shape: tuple[int, ...], p: float, training: bool = True) -> dict:
        x = torch.rand(shape, generator=g) + 0.5
        return {"x": x * (torch.randint(0, 2, shape, generator=g) * 2 - 1), "p": p, "training": training}

    p = round(0.2 + 0.15 * float(torch.rand((), generator=g)), 3)
    tokens = case((512, 3, 4), p)
    few = {f"few{k}": case((8, 2, 2), 0.5) for k in range(8)}  # one draw for a whole batch shows in several batches
    pairs = torch.rand(PAIRS, 2, 2, 2, generator=g) + 0.5
    return gather(tokens=tokens, again=tokens, **few, often=case((384, 2, 3), 1 - p), eval=case((16, 3, 4), p, training=False),
                  still=case((16, 3, 4), 1 - p, training=False), zero=case((512, 3, 4), 0.0), gradient=case((64, 3, 4), 0.4)) | {
        "pairs": pairs, "draw": int(torch.randint(0, 2**31, (1,), generator=g))}


def probe(fn, given: dict) -> dict:
    """Call the student's function on every case; what came out, and the gradient of one case."""
    seen: dict[str, object] = {}
    with draws(given["draw"]):
        for case in cases(given):
            x, p, training = given[f"{case}.x"], given[f"{case}.p"], bool(given[f"{case}.training"])
            leaf = x.clone().requires_grad_(case == "gradient")
            # a leaf that wants a gradient must not be changed in place, a branch's output may
            value, error = attempt(lambda: fn(leaf * 1.0 if case == "gradient" else leaf, p, training))
            seen[f"{case}.error"], seen[f"{case}.type"] = error, type(value).__name__
            found, _ = attempt(lambda: numbers(value))
            if not error and found is not None:
                seen[case] = found
            if case == "gradient" and isinstance(value, torch.Tensor) and value.requires_grad:
                grad, _ = attempt(lambda: torch.autograd.grad(value.sum(), leaf, allow_unused=True)[0])
                if isinstance(grad, torch.Tensor):
                    seen["gradient.value"] = tensor(grad).double()
        found, _ = attempt(lambda: [numbers(fn(pair.clone(), 0.5, True)) for pair in given["pairs"]])
        if found and all(one is not None and one.shape == pair.shape for one, pair in zip(found, given["pairs"])):
            seen["pairs"] = torch.stack(found)
    return seen
