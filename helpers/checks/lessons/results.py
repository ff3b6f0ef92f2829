"""Calls a student's function and notes what it returned as plain tensors.

Students may answer with tensors, NumPy arrays, lists or numbers. What a probe is given is flat: `cases` (names joined by
commas) and the arguments of a case under `<case>.<argument>`.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from numbers import Rational

import numpy as np
import torch

from ..run import attempt, tensor

LARGEST = 200_000  # numbers; no answer of these exercises is longer


def numbers(value) -> torch.Tensor | None:
    """float64 tensor of a tensor, an array, a number or a nested list of these; None for anything else."""
    if isinstance(value, torch.Tensor):
        out = tensor(value)
        return None if out.is_complex() or out.numel() > LARGEST else out.double()
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf" and value.size <= LARGEST:
        return torch.from_numpy(np.array(value, dtype=np.float64))
    if isinstance(value, (int, float, Rational)) and abs(value) < 1e300 or isinstance(value, float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, (list, tuple)) and 0 < len(value) <= LARGEST:
        items = [numbers(item) for item in value]
        if all(item is not None and item.shape == items[0].shape for item in items):
            return torch.stack(items)
    return None


def record(seen: dict, name: str, work) -> object:
    """Run `work()` and note under `name` its numbers, under `name.error` and `name.type` how it went; return the value."""
    value, error = attempt(work)
    seen[f"{name}.error"] = error
    seen[f"{name}.type"] = type(value).__name__
    if not error:
        found, trouble = attempt(lambda: numbers(value))
        if found is not None and not trouble:
            seen[name] = found
    return value


def cases(given: dict) -> list[str]:
    """Names of the cases, in order."""
    return given["cases"].split(",")


def gather(**named: dict) -> dict:
    """The flat dict of `cases` and arguments: gather(square={"x": x, "p": 2}) -> {"cases": "square", "square.x": x, "square.p": 2}."""
    return {"cases": ",".join(named)} | {f"{case}.{name}": value for case, values in named.items() for name, value in values.items()}


def plain(*names: str, results: int = 1):
    """The probe of a function of these arguments: one call a case; `results` parts of what it returns are noted apart."""

    def probe(fn, given: dict) -> dict:
        """Call the student's function on every case; plain tensors and error lines come back."""
        seen: dict[str, object] = {}
        for case in cases(given):
            value = record(seen, case, lambda: fn(*(_argument(given, f"{case}.{name}") for name in names)))
            if results > 1 and not seen[f"{case}.error"]:
                parts, _ = attempt(lambda: list(value))
                seen[f"{case}.count"] = len(parts) if parts is not None else 0
                for k, part in enumerate((parts or [])[:results]):
                    found, _ = attempt(lambda: numbers(part))
                    if found is not None:
                        seen[f"{case}.{k}"] = found
        return seen

    return probe


def _argument(given: dict, name: str):
    """One argument, the student's to keep; a grid comes as a tuple."""
    value = given[name]
    if isinstance(value, torch.Tensor):
        return tuple(value.tolist()) if name.endswith("grid") else value.clone()
    return value


@contextmanager
def draws(draw: int):
    """Random numbers that repeat, wherever the student takes them from; the session's own go on as before."""
    kept = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    random.seed(draw)
    np.random.seed(draw % 2**32)
    torch.random.default_generator.manual_seed(draw)
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        torch.random.set_rng_state(kept[2])
