"""Verdict on `layerwise_lr_groups`: how the learning rate falls from the head down to the embeddings (Clark et al. 2020, appendix A)."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..report import CheckReport
from .layerwise_lr_groups import EXERCISE
from .probe_models import parameter_names
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and returns groups that AdamW takes"
ONCE = "every parameter is in one group, and only once"
HEAD = "the head learns at lr"
BLOCKS = "each block below learns at decay times the rate above it"
EMBEDDINGS = "the embeddings learn slowest"
DEPTH = "any number of blocks, and any kind of projection"
RUNGS = (RUNS, ONCE, HEAD, BLOCKS, EMBEDDINGS, DEPTH)
EMBEDDED = ("project.", "cls_token", "positions")
EDGES = {"one": "a single block", "linear": "a projection that is a Linear without bias"}  # cases of their own, asked last
NEAR = 1e-4  # relative


class Rates:
    """Rates of a model's parts as multiples of lr."""

    def __init__(self, seen: dict, given: dict, case: str):
        layers = given[f"{case}.num_layers"]
        by_name = dict(zip(_names(given, case), (seen[f"{case}.rates"] / given[f"{case}.lr"]).tolist()))

        def of(*starts: str) -> list[float]:
            return [rate for name, rate in by_name.items() if name.startswith(starts)]

        self.head, self.norm, self.embeddings = of("head."), of("norm."), of(*EMBEDDED)
        self.inside = [of(f"blocks.{i}.") for i in range(layers)]
        self.blocks = [block[0] for block in self.inside]
        self.even = all(_same(a, block[0]) for block in self.inside for a in block)


def _names(given: dict, case: str) -> list[str]:
    """Names of the parameters of a case's model, in order."""
    return parameter_names(given[f"{case}.num_layers"], bool(given[f"{case}.convolution"]))


def _usual(given: dict) -> list[str]:
    return [case for case in cases(given) if case not in EDGES]


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= NEAR * max(abs(a), abs(b))


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = _usual(given)
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    found = {case: _mistake(seen, given, case) for case in names}
    wrong = {case: one for case, one in found.items() if one}
    if not wrong:
        for claim in RUNGS[:-1]:
            steps.rung(claim, True)
        for case, what in EDGES.items():
            if one := _mistake(seen, given, case):
                code = one[1] if one[1] in ("raises", "parameters_missing") else "unknown"
                return steps.stop(DEPTH, code, error=f"with {what}: {seen[f'{case}.error']}", missing=_missing(seen, given, case),
                                  detail=f"It fails for a model with {what}.")
        steps.rung(DEPTH, True)
        return steps.report()
    if _head_is_fixed(seen, given):
        steps.rung(RUNS, True)
        steps.rung(ONCE, True)
        return steps.stop(HEAD, "lr_ignored")
    if len(wrong) < len(names) or _shifts_differ(seen, given):
        for claim in RUNGS[:-1]:
            steps.rung(claim, True)
        case = next(iter(wrong))
        return steps.stop(DEPTH, "names_mixed_up" if set(wrong) == {"twelve"} else "hardcoded_layers", got=given[f"{case}.num_layers"])
    claim, code = wrong[names[0]]
    for one in RUNGS[:RUNGS.index(claim)]:
        steps.rung(one, True)
    report = steps.stop(claim, code, error=seen[f"{names[0]}.error"], got=f"a {seen[f'{names[0]}.type']}", want="a list of dicts",
                        missing=_missing(seen, given, names[0]))
    return _shown(report, seen, given, names[0]) if picture and claim in (HEAD, BLOCKS, EMBEDDINGS) else report


def _missing(seen: dict, given: dict, case: str) -> str:
    """Names of the first parameters that are in no group."""
    times = seen.get(f"{case}.times")
    return ", ".join([name for name, count in zip(_names(given, case), times.tolist()) if count == 0][:4]) if times is not None else ""


def _mistake(seen: dict, given: dict, case: str) -> tuple[str, str] | None:
    """(claim, code) of what is wrong in one case, None where nothing is."""
    if seen[f"{case}.error"]:
        return RUNS, "raises"
    if not seen[f"{case}.groups"] or seen.get(f"{case}.odd") or f"{case}.times" not in seen:
        return RUNS, "not_groups"
    times = seen[f"{case}.times"]
    if (times == 0).any() or (times > 1).any():
        return ONCE, "parameters_missing" if (times == 0).any() else "parameters_twice"
    layers, decay = given[f"{case}.num_layers"], given[f"{case}.decay"]
    rates = Rates(seen, given, case)
    want = [decay ** (layers - i) for i in range(layers)]
    if rates.even and all(_same(a, b) for a, b in zip(rates.blocks, want)):
        if not all(_same(rate, 1) for rate in rates.head):
            return HEAD, "head_decayed"
        if not all(0 < rate < rates.blocks[0] * (1 - NEAR) for rate in rates.embeddings):
            return EMBEDDINGS, "embeddings_not_lowest"
        if not all(_same(rate, 1) or _same(rate, decay) for rate in rates.norm):
            return BLOCKS, "norm_misplaced"
        return None
    if seen[f"{case}.without"] > 1:
        return RUNS, "not_groups"
    return _wrong_blocks(rates, decay)


def _wrong_blocks(rates: Rates, decay: float) -> tuple[str, str]:
    blocks = rates.blocks
    if blocks[0] > blocks[-1] * (1 + NEAR):
        return BLOCKS, "order_reversed"
    if rates.even and all(_same(rate, blocks[0]) for rate in blocks):
        return BLOCKS, "same_rate_for_all_blocks"
    if not all(_same(rate, 1) for rate in rates.head):
        return HEAD, "head_decayed"
    if rates.even and all(_same(a, decay * b) for a, b in zip(blocks, blocks[1:])) and _same(blocks[-1], 1):
        return BLOCKS, "last_block_not_decayed"
    return BLOCKS, "decay_not_multiplied" if rates.even else "block_uneven"


def _all_rates(seen: dict, given: dict) -> dict[str, Rates]:
    """Rates of every case; {} where some case has none, or not one for each parameter."""
    names = _usual(given)
    if any(seen[f"{case}.error"] or f"{case}.times" not in seen or (seen[f"{case}.times"] != 1).any() for case in names):
        return {}
    return {case: Rates(seen, given, case) for case in names}


def _head_is_fixed(seen: dict, given: dict) -> bool:
    """Whether the head learns at one rate whatever lr is."""
    found = [rate * given[f"{case}.lr"] for case, rates in _all_rates(seen, given).items() for rate in rates.head]
    return bool(found) and all(_same(rate, found[0]) for rate in found)


def _shifts_differ(seen: dict, given: dict) -> bool:
    """Whether blocks follow decay but start at another power in models of another depth: a depth written into the code."""
    shifts = []
    for case, rates in _all_rates(seen, given).items():
        decay = given[f"{case}.decay"]
        if not all(_same(a, decay * b) for a, b in zip(rates.blocks, rates.blocks[1:])) or rates.blocks[-1] <= 0:
            return False
        shifts.append(round(float(torch.log(torch.tensor(rates.blocks[-1])) / torch.log(torch.tensor(decay))), 2))
    return len(set(shifts)) > 1


def _shown(report: CheckReport, seen: dict, given: dict, case: str) -> CheckReport:
    from .pictures import bars as draw

    layers, decay, lr = (given[f"{case}.{name}"] for name in ("num_layers", "decay", "lr"))
    rates = Rates(seen, given, case)
    names = ["embeddings", *(f"block {i + 1}" for i in range(layers)), "head"]
    want = [lr * decay ** (layers + 1 - k) for k in range(layers + 2)]
    return replace(report, picture=draw(names, want, [lr * rate for rate in (rates.embeddings[0], *rates.blocks, rates.head[0])]))
