"""Verdict on `extract_features`: every image once, in order, and a backbone that is as it was."""

from __future__ import annotations

import torch

from ..report import CheckReport
from ..run import close
from .extract_features import EXERCISE
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and returns features and labels"
EVAL = "the backbone works in eval mode"
SHAPE = "features are one tensor [N, D]"
CONTENT = "every image once, in the loader's order"
LABELS = "each label belongs to its image"
GRADIENT = "features carry no gradient"
HOME = "features and labels are on the CPU"
RESTORED = "the backbone's mode is restored, gradients stay switched on"
ONCE = "any iterable of batches will do, read once"
RUNGS = (RUNS, EVAL, SHAPE, CONTENT, LABELS, GRADIENT, HOME, RESTORED, ONCE)
STREAM = "stream"  # the case that is a generator, asked last


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = [case for case in cases(given) if case != STREAM]
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    training = any(seen[f"{case}.in_training"] for case in names)
    error = next((seen[f"{case}.error"] for case in names if seen[f"{case}.error"]), "")
    if error:
        return steps.stop(EVAL if training else RUNS, "train_mode_left_on" if training else "raises", error=error)
    for case in names:
        if code := _kind(seen, case):
            steps.fail(SHAPE if code == "batches_not_joined" else RUNS, code, got=f"a {seen[f'{case}.type']}", want="two tensors")
            return steps.report()
    steps.rung(RUNS, True)
    steps.ok(EVAL, not training, "train_mode_left_on")
    bad = next(((case, *found) for case in names if (found := _content(seen, given, case))), None)
    reached = RUNGS.index(bad[1]) if bad else len(RUNGS)
    for claim in (SHAPE, CONTENT, LABELS):
        if RUNGS.index(claim) < reached:
            steps.rung(claim, True)
    if bad and training and bad[2] == "unknown":
        steps.held[bad[1]] = False  # dropout: the rung above says why
    elif bad:
        case, claim, code = bad
        width = given[f"{case}.weight"].shape[1]
        steps.fail(claim, code, got=tuple(seen[f"{case}.features"].shape), want=(len(given[f"{case}.images"]), width),
                   detail="The features are not what the backbone returns for the images of the loader.")
    steps.ok(GRADIENT, not any(seen[f"{case}.features.grad"] for case in names), "gradient_kept")
    away = [part for part in ("features", "labels") if not all(seen[f"{case}.{part}.home"] for case in names)]
    steps.ok(HOME, not away, "not_on_cpu", got=" and ".join(away))
    for what, code in (("restored", "mode_not_restored"), ("asking", "parameters_frozen"), ("grad_mode", "grad_mode_changed")):
        steps.ok(RESTORED, all(seen[f"{case}.{what}"] for case in names), code)
    if not bad:
        error = seen[f"{STREAM}.error"]
        steps.ok(ONCE, not (error or _kind(seen, STREAM) or _content(seen, given, STREAM)), "not_one_pass", detail=f"({error})" if error else "")
    return steps.report()


def _kind(seen: dict, case: str) -> str | None:
    """The code of a result that is not features and labels, None where it is."""
    if seen.get(f"{case}.alone"):
        return "labels_missing"
    if seen.get(f"{case}.count") != 2:
        return "labels_missing" if seen.get(f"{case}.count") == 1 else "wrong_shape"
    if seen.get(f"{case}.features.list"):
        return "batches_not_joined"
    features, labels = seen.get(f"{case}.features"), seen.get(f"{case}.labels")
    if features is None or labels is None:
        return "labels_missing" if features is not None and seen.get(f"{case}.labels.none") else "wrong_shape"
    return "results_swapped" if features.dim() == 1 and labels.dim() == 2 else None


def expected(given: dict, case: str) -> torch.Tensor:
    """What the backbone returns in eval mode [N, D]: batch norm with its first statistics only divides."""
    return given[f"{case}.images"].double().flatten(1) @ given[f"{case}.weight"].double() / (1 + 1e-5) ** 0.5


def _content(seen: dict, given: dict, case: str) -> tuple[str, str] | None:
    """(claim, code) of what is wrong with features or labels, None where nothing is."""
    want, truth = expected(given, case), given[f"{case}.labels"].double()
    got, labels, batch = seen[f"{case}.features"], seen[f"{case}.labels"], given[f"{case}.batch"]
    if seen.get(f"{case}.labels.list"):
        return LABELS, "batches_not_joined"
    if got.dim() != 2 or got.shape[1] != want.shape[1]:
        joined = got.dim() == 3 and got.shape[2] == want.shape[1]
        return SHAPE, "batches_not_joined" if joined else "wrong_shape"
    order = next((one for one in given[f"{case}.orders"] if close(got, want[one])), None)
    if order is None:
        return CONTENT, _what_is_there(got, want, batch, given[f"{case}.orders"])
    if labels.shape != truth.shape or not close(labels, truth[order]):
        return LABELS, "labels_wrong"
    return None


def _what_is_there(got: torch.Tensor, want: torch.Tensor, batch: int, orders: torch.Tensor) -> str:
    """The code of features [n, D] that are not those of all images in one of the orders."""
    if len(got) > len(want):
        before, own = got[:-len(want)], got[-len(want):]
        strange = (torch.cdist(before, want).amin(1) > 1e-3).any()
        return "kept_between_calls" if strange and any(close(own, want[one]) for one in orders) else "images_repeated"
    place = torch.cdist(got, want).argmin(1) if len(got) else torch.zeros(0, dtype=torch.long)
    if not len(got) or not close(got, want[place]):
        return "unknown" if len(got) == len(want) else "wrong_shape"
    if len(place.unique()) < len(place):
        return "images_repeated"
    if len(got) == len(want):
        return "order_changed"
    whole = len(want) - len(want) % batch
    single = any(torch.equal(place, one[start:start + batch]) for one in orders for start in (0, whole if whole < len(want) else whole - batch))
    return "one_batch_only" if single else "last_batch_dropped"
