"""Verdict on a LitViT from what the probe saw: loss, metrics and the optimiser's own steps."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from .lit import EXERCISE, NAMES, STAGES, batches_of
from .lit_steps import secrets_of
from .lit_trainer import CLASSES
from .messages import say
from .report import CheckReport, Ladder

RUNS = "a Lightning Trainer can fit and test it"
LOSS = "training_step returns the mean cross-entropy of the logits, with gradient"
LOGGED = "all six metrics are logged under their names"
METRICS = "loss and accuracy are measured right"
OPTIMISER = "the optimiser is AdamW"
ALL = "it updates every parameter"
RATE = "its learning rate is lr"
DIFFERS = {  # claim, code and detail where self.model is not VisionTransformer(**model_kwargs)
    "sizes": (RUNS, "unknown", "self.model should be VisionTransformer(**model_kwargs), but it has other sizes than model_kwargs says."),
    "dropout": (RUNS, "unknown", "self.model should be VisionTransformer(**model_kwargs), but its dropout is not that of model_kwargs."),
    "frozen": (ALL, "optimizer_misses_parameters", ""),
}
RUNGS = (RUNS, LOSS, LOGGED, METRICS, OPTIMISER, ALL, RATE)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """CheckReport from the observations of `lit.probe` on these inputs."""
    ladder = Ladder(EXERCISE, RUNGS)

    def fail(claim, code, **facts):
        ladder.rung(claim, False, code, say(EXERCISE, code, **facts))

    errors = [seen.get(key, "") for key in ("build.error", "train.error", "test.error", "optimiser0.error",
                                            "optimiser.error0")]
    if any(error.startswith("NotImplementedError") for error in errors) or (
            not errors[0] and (not seen.get("module") or seen.get("empty"))):
        return CheckReport(EXERCISE, False, 0.0, ("not_implemented",), (say(EXERCISE, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in RUNGS))
    silent = seen.get("loss0.kind") in (None, "NoneType", "ellipsis") and not any(errors[:3])
    if silent and not any(f"metric.{name}" in seen for name in NAMES) and not seen.get("optimiser0.steps"):
        return CheckReport(EXERCISE, False, 0.0, ("not_implemented",), (say(EXERCISE, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in RUNGS))
    if errors[0]:
        fail(RUNS, "raises", error=errors[0])
        return ladder.report()
    if not seen.get("model"):
        fail(RUNS, "unknown", detail="self.model should hold VisionTransformer(**model_kwargs).")
        return ladder.report()

    if seen.get("softmaxed"):
        fail(LOSS, "softmax_before_cross_entropy")
    stages = batches_of(given)
    loss_fine = _loss(seen, stages, ladder, fail)
    untested = "test_step" in seen.get("test.error", "")  # no test_step at all: the metrics rung says so
    first = next((error for error in errors[1:] if error and not (untested and error == errors[2])), "")
    if first and loss_fine:
        fail(RUNS, "raises", error=first)
    else:
        ladder.held[RUNS] = not first
    if seen.get("differs") in DIFFERS:
        claim, code, detail = DIFFERS[seen["differs"]]
        fail(claim, code, detail=detail)
    if seen.get("validation.trains"):
        fail(RUNS, "unknown", detail="validation_step changes the weights: it should only measure.")
    if seen.get("mode.train") is False:
        fail(LOSS, "unknown", detail="training_step runs the model in eval mode, so its dropout never acts: leave the modes to Lightning.")
    _logged(seen, stages, loss_fine, ladder, fail)
    _optimiser(seen, given, loss_fine, ladder, fail)
    return ladder.report()


def _entropy(batch, kind: str = "mean") -> float:
    images, labels = batch
    logits = images.flatten(1)[:, :CLASSES].double()
    if kind == "softmax":
        return F.cross_entropy(logits.softmax(dim=1), labels).item()
    return F.cross_entropy(logits, labels, reduction=kind).item()


def _slope(batch) -> float:
    """Derivative of the mean cross-entropy of factor * logits at factor = 1."""
    images, labels = batch
    logits = images.flatten(1)[:, :CLASSES].double()
    return (logits.softmax(dim=1) - F.one_hot(labels, CLASSES)).mul(logits).sum(dim=1).mean().item()


def _near(a, b: float, tolerance: float = 1e-3) -> bool:
    return isinstance(a, (int, float)) and math.isfinite(a) and abs(a - b) <= tolerance * max(1.0, abs(b))


def _loss(seen, stages, ladder, fail) -> bool:
    kind = seen.get("loss0.kind")
    if kind is None:  # training_step never returned
        ladder.held[LOSS] = False
        if not seen.get("train.error"):
            fail(LOSS, "loss_not_returned")
            return False
        return True
    batch, value = stages["train"][0], seen.get("loss0.value")
    if kind not in ("tensor", "int", "float") or (kind == "tensor" and seen.get("loss0.size") != 1):
        fail(LOSS, "loss_not_returned")
    elif seen.get("loss0.slope") is None:
        fail(LOSS, "loss_detached")
    elif _near(value, _entropy(batch)) and _near(seen["loss0.slope"], _slope(batch)):
        ladder.rung(LOSS, True)
        return True
    elif _near(value, _entropy(batch, "softmax")):
        fail(LOSS, "softmax_before_cross_entropy")
    elif _near(value, _entropy(batch, "sum")):
        fail(LOSS, "loss_summed")
    else:
        fail(LOSS, "unknown", detail="The loss is not F.cross_entropy(logits, labels).")
    return False


def _accuracy(batch) -> float:
    images, labels = batch
    return (images.flatten(1)[:, :CLASSES].argmax(dim=1) == labels).double().mean().item()


def _logged(seen, stages, loss_fine, ladder, fail) -> None:
    missing = [name for name in NAMES if f"metric.{name}" not in seen]
    crashed = bool(seen.get("train.error") or seen.get("test.error") and "test_step" not in seen["test.error"])
    if missing and not crashed:
        fail(LOGGED, "metric_names_missing", missing=", ".join(missing))
    else:
        ladder.held[LOGGED] = not missing
    right = True
    for stage in STAGES:
        batches = stages.get(f"{stage} again", stages[stage])  # the numbers of the last epoch
        for metric, measure in (("acc", _accuracy), ("loss", _entropy)):
            value = seen.get(f"metric.{stage}_{metric}")
            if value is None:
                continue
            per_batch = [measure(batch) for batch in batches]
            allowed = [sum(per_batch) / 2] + ([per_batch[-1]] if stage == "train" else [])
            if any(_near(value, target) for target in allowed):
                continue
            right = False
            if metric == "acc":
                fail(METRICS, "accuracy_wrong")
            elif loss_fine and _near(value, sum(_entropy(batch, "softmax") for batch in batches) / len(batches)):
                fail(METRICS, "softmax_before_cross_entropy")
            elif loss_fine:
                fail(METRICS, "unknown", detail=f"The logged {stage}_loss is not the mean cross-entropy.")
    for stage in ("val", "test"):
        if seen.get(f"mode.{stage}") is False:
            right = False
            fail(METRICS, "unknown", detail=f"The {stage} metrics are measured in train mode, with dropout: leave the modes to Lightning.")
    ladder.held[METRICS] = right and not missing and ladder.held.get(METRICS, True)


def _optimiser(seen, given, loss_fine, ladder, fail) -> None:
    claims = (OPTIMISER, ALL, RATE)
    if not seen.get("optimiser0.steps"):
        for claim in claims:
            ladder.held[claim] = False
        if loss_fine and not any(seen.get(key) for key in ("train.error", "optimiser0.error", "optimiser.error0")):
            fail(OPTIMISER, "wrong_optimizer")
        return
    if seen["optimiser0.missing"] or _unmoved(seen, given):
        fail(ALL, "optimizer_misses_parameters")
    elif seen["optimiser0.still"]:
        fail(ALL, "unknown", detail="No parameter has a gradient when the optimiser steps: nothing may clear the gradients between backward and step.")
    else:
        ladder.rung(ALL, True)
    if not seen["optimiser0.decoupled"] or not _is_adamw(seen, given, 0):
        fail(OPTIMISER, "wrong_optimizer")
    else:
        ladder.rung(OPTIMISER, True)
    _rate(seen, given, ladder, fail)


def _rate(seen, given, ladder, fail) -> None:
    """The largest rate of the steps is lr itself, or a schedule below it."""
    bases, peaks, used, rates = [], [], [], (given["rate0"], given["rate1"])
    for k, rate in enumerate(rates):
        told, steps = seen.get(f"optimiser{k}.rates"), seen.get(f"steps{k}.lr", torch.zeros(1, 1))
        known = steps[:, torch.isfinite(steps).all(dim=0)]
        used.append(known.amax(dim=1) / rate if known.numel() else torch.zeros(1, dtype=torch.float64))  # [steps]
        bases.append(0.0 if told is None else told.max().item() / rate)
        peaks.append(used[-1].max().item())
    if _twice(used, rates):
        fail(RATE, "unknown", detail="The rate is lr times lr: a LambdaLR multiplies lr by what its function returns, so return a factor between 0 and 1.")
    elif (_climbs(*used) or all(abs(base - 1) < 0.02 for base in bases)) and all(peak < 1.02 for peak in peaks):
        if seen["optimiser0.decoupled"] and not _is_adamw(seen, given, 1):  # the step must be of the size it is said to be
            fail(RATE, "unknown", detail="The steps are not of the size that lr asks for.")
        else:
            ladder.rung(RATE, True)
    elif abs(bases[0] * rates[0] - bases[1] * rates[1]) < 1e-9 or abs(bases[0] - bases[1]) > 0.02:
        fail(RATE, "lr_ignored")
    else:
        most = max(*bases, *peaks)
        fail(RATE, "unknown", detail=f"The largest learning rate is {most:.3g} times lr; it should be lr itself.")


def _twice(used: list[torch.Tensor], rates: tuple[float, float]) -> bool:
    """Whether the shares of lr [steps] in two runs are lr itself, times something."""
    one, other = (share / rate for share, rate in zip(used, rates))
    return one.shape == other.shape and bool(one.any()) and torch.allclose(one, other, rtol=1e-3, atol=0.0)


def _climbs(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether the shares of lr in two runs are the same and grow from step to step: a warm-up written by hand."""
    return one.shape == other.shape and len(one) > 1 and torch.allclose(one, other, rtol=1e-4) and bool((one.diff() > 0).all())


def _unmoved(seen, given) -> bool:
    """Whether some parameter stayed where it was in every step, although it had a gradient."""
    after = seen["steps0.after"].double()
    moved = torch.zeros(after.shape[1], dtype=torch.bool)
    for t in range(len(after)):
        moved |= after[t] != secrets_of(given, 0, t, after.shape[1])[0].double()
    sizes = seen["optimiser0.sizes"].tolist()
    return sum(sizes) != len(moved) or not all(part.any() for part in moved.split(sizes))


def _is_adamw(seen, given, k: int) -> bool:
    """Do the steps follow AdamW (Loshchilov and Hutter 2019, algorithm 2) from the secret parameters and gradients?"""
    after, eps = seen[f"steps{k}.after"].double(), seen[f"optimiser{k}.eps"]
    count = after.shape[1]
    m = v = largest = torch.zeros(count, dtype=torch.float64)
    for t in range(len(after)):
        b1, b2 = seen[f"steps{k}.betas"][t].tolist()
        p, g = (part.double() for part in secrets_of(given, k, t, count))
        g = g * seen[f"steps{k}.share"][t]
        lr, decay = seen[f"steps{k}.lr"][t], seen[f"steps{k}.decay"][t]
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        largest = torch.maximum(largest, v)
        scale = largest if seen[f"optimiser{k}.amsgrad"] is True else v
        step = (m / (1 - b1 ** (t + 1))) / ((scale / (1 - b2 ** (t + 1))).sqrt() + eps)
        want = p - lr * decay * p - lr * step
        wrong = (after[t] - want).abs() > 0.02 * lr + 4e-6
        if (wrong & torch.isfinite(lr)).any():
            return False
    return True
