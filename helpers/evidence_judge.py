"""Verdicts on the evidence of training, from logits and metrics.csv alone; runs none of the student's code.

What the three points of notebook 04 ask for (accuracy = share of digits whose largest logit is their label):

test_accuracy  The accuracy of best.ckpt on the test digits, measured anew, reaches THRESHOLDS[source]["test_accuracy"].
train_curve    The training loss, measured anew on the first TRAIN_PART training digits, falls from first.ckpt to best.ckpt;
               the training accuracy of best.ckpt on them reaches THRESHOLDS[source]["train_accuracy"]; metrics.csv has a
               train_loss for every epoch up to the last, and the last is lower than the first.
val_curve      The validation accuracy of first, middle and best.ckpt, measured anew, agrees with the val_acc of their epochs in
               metrics.csv within TOLERANCE; best is the highest of the three, above first, and at least THRESHOLDS[source]["val_accuracy"].
"""

import csv
import io
import math

import torch
import torch.nn.functional as F

from helpers.checks.report import CheckReport
from helpers.evidence import CHECKPOINTS, NEEDS, TRAIN_PART

# A right solution at the default budget passes with three standard deviations to spare; see tests/benchmarks/results.json.
THRESHOLDS = {
    "MNIST": {"test_accuracy": 0.97, "train_accuracy": 0.97, "val_accuracy": 0.90},
    "MNIST-5k": {"test_accuracy": 0.90, "train_accuracy": 0.90, "val_accuracy": 0.80},
}
TOLERANCE = 0.02  # two percentage points
SLACK = 0.003  # another device may settle a few close digits differently
VAL_SIZES = {"MNIST": 5000, "MNIST-5k": 500}

RUNGS = {
    "test_accuracy": ("your best model can be rebuilt and run", "its test accuracy reaches the threshold"),
    "train_curve": (
        "your first and best model can be rebuilt and run",
        "the training loss falls from the first to the best model",
        "the best model's training accuracy reaches the threshold",
        "metrics.csv has a falling train_loss for every epoch",
    ),
    "val_curve": (
        "your first, middle and best model can be rebuilt and run",
        "their validation accuracy agrees with metrics.csv",
        "the best model has the highest validation accuracy",
    ),
}


def judge(exercise, observations, digits):
    """Verdict on one point from what `evidence.observe` saw.

    exercise: "test_accuracy", "train_curve" or "val_curve". observations: dict with logits [N, 10] under
    "<checkpoint>_<part>", "<checkpoint>_epoch", "metrics" (text of metrics.csv), or "problem" and "message".
    digits: the helpers.data.Digits that were shown to the model. Returns a CheckReport with score 0 or 1; never raises for
    observations of any content. Raises KeyError for another exercise.
    """
    findings = ("standin_parts",) if observations.get("standin_parts") is True else ()
    if observations.get("problem"):
        return _failed(exercise, 0, str(observations["problem"]), str(observations.get("message", "")), findings)
    labels = {"train": digits.train.labels[:TRAIN_PART], "val": digits.val.labels, "test": digits.test.labels}
    measured = {}
    for which, part in NEEDS[exercise].items():
        logits = observations.get(f"{which}_{part}")
        if not _sound(logits, len(labels[part])):
            text = f"checkpoints/{which}.ckpt does not give ten finite logits for every digit: please train again with a model that passes its checks."
            return _failed(exercise, 0, "cannot_rebuild", text, findings)
        measured[which] = (
            F.cross_entropy(logits.float(), labels[part]).item(),
            (logits.argmax(dim=1) == labels[part]).float().mean().item(),
        )
    thresholds = THRESHOLDS[digits.source]
    if exercise == "test_accuracy":
        held, code, text = _test_accuracy(measured, thresholds, len(labels["test"]))
    else:
        rows = curves(observations.get("metrics"))
        if not rows:
            return _failed(exercise, 1, "no_metrics", "There is no readable metrics.csv beside the checkpoints: please run the training cells again.", findings)
        if exercise == "train_curve":
            held, code, text = _train_curve(measured, thresholds, rows, observations)
        else:
            foreign = source_of(observations.get("metrics")) not in (None, digits.source)
            held, code, text = _val_curve(measured, thresholds, rows, observations, len(labels["val"]), foreign)
    if code:
        return _failed(exercise, held, code, text, findings)
    return CheckReport(exercise, True, 1.0, (), (text,), findings, tuple((claim, True) for claim in RUNGS[exercise]))


def _test_accuracy(measured, thresholds, count):
    accuracy, needed = measured["best"][1], thresholds["test_accuracy"]
    text = f"Test accuracy of best.ckpt, measured anew on {count:,} digits: {accuracy:.2%} (needed: {needed:.1%})."
    return (2, "", text) if accuracy >= needed else (1, "below_threshold", f"{text} Train for more epochs, or see whether every check of notebooks 01 to 04 passes.")


def _train_curve(measured, thresholds, rows, observations):
    (first_loss, _), (best_loss, accuracy) = measured["first"], measured["best"]
    if not best_loss < first_loss:
        return 1, "curve_flat", f"The training loss does not fall: {first_loss:.3f} for first.ckpt, {best_loss:.3f} for best.ckpt. Train for more epochs, and see whether `lit_vit` passes its check."
    needed = thresholds["train_accuracy"]
    if accuracy < needed:
        return 2, "below_threshold", f"The best model gets {accuracy:.2%} of its training digits right; {needed:.1%} are needed. Train for more epochs."
    losses = [rows.get(epoch, {}).get("train_loss") for epoch in range(max(rows) + 1)]
    missing = [epoch for epoch, loss in enumerate(losses) if loss is None]
    if missing:
        return 3, "curve_disagrees", f"metrics.csv has no train_loss for epoch {missing[0]}: log `train_loss` once an epoch, and train again from the start or resume from last.ckpt."
    if _epoch(observations, "best") not in range(len(losses)):
        return 3, "curve_disagrees", "best.ckpt comes from an epoch that metrics.csv does not have: please train again, so that both come from one run."
    if len(losses) < 2 or not losses[-1] < losses[0]:
        return 3, "curve_flat", "The train_loss in metrics.csv does not fall from the first epoch to the last: train for at least two epochs, and see whether `lit_vit` passes its check."
    return 4, "", f"Training loss, measured anew: {first_loss:.3f} after the first epoch, {best_loss:.3f} at the best; training accuracy {accuracy:.2%} (needed: {needed:.1%})."


def _val_curve(measured, thresholds, rows, observations, count, foreign):
    accuracy = {which: values[1] for which, values in measured.items()}
    for which in CHECKPOINTS:
        logged = rows.get(_epoch(observations, which), {}).get("val_acc")
        if logged is None:
            return 1, "curve_disagrees", f"metrics.csv has no val_acc for the epoch of {which}.ckpt: please train again, so that both come from one run."
        # Digits of another source are another sample: three standard errors more.
        allowed = TOLERANCE + (3 * math.sqrt(max(logged * (1 - logged), 0.01) / count) if foreign else 0)
        if abs(logged - accuracy[which]) > allowed:
            return 1, "curve_disagrees", (
                f"The validation accuracy of {which}.ckpt, measured anew, is {accuracy[which]:.2%}, but metrics.csv says {logged:.2%}: "
                "please train again, so that both come from one run, and see whether `val_acc` is the mean of argmax == label."
            )
    best, needed = accuracy["best"], thresholds["val_accuracy"]
    shown = ", ".join(f"{which} {accuracy[which]:.2%}" for which in CHECKPOINTS)
    if best < max(accuracy.values()) - SLACK or not best > accuracy["first"]:
        return 2, "curve_flat", f"The best model is not the highest of the three ({shown}): keep the checkpoint with the highest val_acc and train for at least two epochs."
    if best < needed:
        return 2, "below_threshold", f"The best model's validation accuracy is {best:.2%}; {needed:.1%} are needed. Train for more epochs."
    return 3, "", f"Validation accuracy, measured anew on {count:,} digits: {shown}; metrics.csv agrees."


def curves(text):
    """metrics.csv as {epoch: {column: number}}; {} where it cannot be read.

    Lightning's CSVLogger writes training and validation of one epoch into separate rows; they are joined here.
    """
    rows = {}
    try:
        for row in csv.DictReader(io.StringIO(text or "")):
            numbers = {key: float(value) for key, value in row.items() if isinstance(key, str) and isinstance(value, str) and _number(value)}
            if "epoch" in numbers and 0 <= numbers["epoch"] < 100_000:
                rows.setdefault(int(numbers["epoch"]), {}).update(numbers)
    except (csv.Error, ValueError, TypeError):
        return {}
    return rows


def source_of(text):
    """Which digits a run was validated on, read from the resolution of its val_acc: a name in THRESHOLDS, or None.

    500 validation digits give multiples of 1/500, 5,000 give multiples of 1/5000.
    """
    values = [row["val_acc"] for row in curves(text).values() if "val_acc" in row]
    for source in sorted(VAL_SIZES, key=VAL_SIZES.get):
        counts = [value * VAL_SIZES[source] for value in values]
        if values and all(abs(count - round(count)) < 0.01 for count in counts):
            return source
    return None


def _number(value):
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _epoch(observations, which):
    epoch = observations.get(f"{which}_epoch")
    return epoch if type(epoch) is int else None


def _sound(logits, count):
    return (
        isinstance(logits, torch.Tensor)
        and logits.is_floating_point()
        and tuple(logits.shape) == (count, 10)
        and bool(torch.isfinite(logits).all())
    )


def _failed(exercise, held, code, text, findings=()):
    rungs = tuple((claim, index < held) for index, claim in enumerate(RUNGS[exercise]))
    return CheckReport(exercise, False, 0.0, (code,), (text,), findings, rungs)
