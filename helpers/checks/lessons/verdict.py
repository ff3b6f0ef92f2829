"""What the judges of these exercises share: how a ladder begins, and which known mistake explains a result."""

from __future__ import annotations

import torch

from ..messages import say
from ..report import CheckReport, Ladder
from ..run import close


class Steps(Ladder):
    """A ladder whose failures bring the exercise's own sentence."""

    def fail(self, claim: str, code: str, **facts) -> None:
        """Record that a claim does not hold, and why."""
        self.rung(claim, False, code, say(self.exercise, code, **facts))

    def ok(self, claim: str, holds: bool, code: str = "unknown", **facts) -> bool:
        """Record whether a claim holds; `code` is the diagnosis where it does not."""
        if holds:
            return self.rung(claim, True)
        self.fail(claim, code, **facts)
        return False

    def stop(self, claim: str, code: str, **facts) -> CheckReport:
        """The report of a ladder that goes no further."""
        self.fail(claim, code, **facts)
        return self.report()


def empty(exercise: str, rungs: tuple[str, ...], seen: dict, case: str) -> CheckReport | None:
    """The report of an untouched stub, None where there is an answer in this case."""
    error, kind = seen.get(f"{case}.error", ""), seen.get(f"{case}.type")
    if error.startswith("NotImplementedError") or (not error and kind in ("NoneType", "ellipsis")):
        return CheckReport(exercise, False, 0.0, ("not_implemented",), (say(exercise, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in rungs))
    return None


def explains(got: dict[str, torch.Tensor | None], wrong: dict, tolerance: float = 1e-4) -> str | None:
    """The first code whose formula gives what was got in every case.

    got: case -> result; wrong: list of (code, function of a case's name giving the wrong result; an exception means
    that this mistake cannot give a result there).
    """
    for code, formula in wrong:
        if got and all(_equal(value, formula, case, tolerance) for case, value in got.items()):
            return code
    return None


def _equal(value, formula, case: str, tolerance: float) -> bool:
    try:
        return close(value, torch.as_tensor(formula(case), dtype=torch.float64), tolerance)
    except (ValueError, RuntimeError, IndexError):
        return False
