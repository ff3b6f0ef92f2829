"""The evidence of training: checkpoints are rebuilt from the student's own carried code and measured anew.

`test_accuracy()`, `train_curve()` and `val_curve()` are what notebook 04 shows; a grader calls `observe` where the
student's code may run and `judge` where it may not. What each point asks for is written in helpers/evidence_judge.py.
"""

import contextlib
import os
from pathlib import Path

import torch
import torch.nn.functional as F

from helpers import carry, data
from helpers.checks.run import bounded, describe
from helpers.profiles import profile

__all__ = ["EXERCISES", "THRESHOLDS", "EvidenceError", "judge", "measure", "observe", "rebuild", "source_of", "test_accuracy", "train_curve", "val_curve"]

EXERCISES = ("test_accuracy", "train_curve", "val_curve")
# Which checkpoints on which part of the digits each point needs.
NEEDS = {
    "test_accuracy": {"best": "test"},
    "train_curve": {"first": "train", "best": "train"},
    "val_curve": {"first": "val", "middle": "val", "best": "val"},
}
CHECKPOINTS = ("first", "middle", "best")
TRAIN_PART = 1000  # training digits that are looked at
STANDIN = "This model is the stand-in, which earns no points: write your own VisionTransformer in notebook 03 and train it."
BATCH = {"cpu": 50, "cuda": 500}  # a small batch stays in a processor's cache: a third faster
LIMIT_SECONDS = 600.0  # for all digits one point needs; the reference takes a few seconds
LARGEST_CHECKPOINT = 200 * 2**20
# Course defaults, for a checkpoint of a LitViT that did not save its hyperparameters.
DEFAULTS = {"embed_dim": 64, "hidden_dim": 128, "num_channels": 1, "num_heads": 4, "num_layers": 3, "num_classes": 10}


def __getattr__(name):
    """What judges is not at hand where a student's code is run by the grader, so it is imported only when asked for."""
    if name in ("THRESHOLDS", "judge", "source_of"):
        from helpers import evidence_judge

        return getattr(evidence_judge, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class EvidenceError(Exception):
    """A checkpoint cannot be used; `code` names why and the message is one sentence for the student."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def test_accuracy(folder="."):
    """Report on the test accuracy of the best checkpoint in `folder`, measured anew; score 0 or 1. Never raises."""
    return _report("test_accuracy", folder)


def train_curve(folder="."):
    """Report on the training curve: measured loss of first and best checkpoint, and metrics.csv; score 0 or 1. Never raises."""
    return _report("train_curve", folder)


def val_curve(folder="."):
    """Report on the validation curve: measured accuracy of three checkpoints against metrics.csv; score 0 or 1. Never raises."""
    return _report("val_curve", folder)


test_accuracy.__test__ = False  # its name makes pytest take it for a test


def _report(exercise, folder):
    from helpers.evidence_judge import judge, source_of

    metrics = read_metrics(folder)
    digits, error = bounded(lambda: _digits(source_of(metrics)), LIMIT_SECONDS) if _complete(exercise, folder) else (None, None)
    if error is not None:
        return judge(exercise, {"problem": "no_data", "message": f"The digits cannot be loaded: {describe(error)}"}, None)
    report = judge(exercise, observe(exercise, folder, digits), digits)
    if report.codes and report.codes[0] in ("below_threshold", "curve_flat") and _smoke():
        hint = "The smoke profile trains for a few seconds only and is not meant to pass: unset VIT_PROFILE and train again."
        report = type(report)(report.exercise, False, 0.0, report.codes, (*report.messages, hint), report.findings, report.rungs)
    return report


def _complete(exercise, folder):
    return all(find(folder, f"checkpoints/{which}.ckpt") for which in NEEDS[exercise])


def _smoke():
    try:
        return profile() == "smoke"
    except ValueError:
        return False


def _digits(source):
    """The digits a run was trained on, where they are at hand."""
    before = os.environ.get("VIT_DATA")
    try:
        if source == "MNIST-5k":
            os.environ["VIT_DATA"] = source
        return data.digits()
    finally:
        if source == "MNIST-5k":
            os.environ.pop("VIT_DATA") if before is None else os.environ.update(VIT_DATA=before)


def observe(exercise, folder, digits):
    """Run a student's checkpoints on the digits that one point needs; plain tensors, numbers and strings come back.

    exercise: "test_accuracy", "train_curve" or "val_curve". folder: holds carry/, checkpoints/ and metrics.csv.
    digits: helpers.data.Digits (may be None where a checkpoint is missing). Returns logits [N, 10] under
    "<checkpoint>_<part>", "<checkpoint>_epoch" and "metrics", or "problem" and "message". Never raises.
    """
    missing = [which for which in NEEDS[exercise] if find(folder, f"checkpoints/{which}.ckpt") is None]
    if missing:
        files = ", ".join(f"checkpoints/{which}.ckpt" for which in missing)
        return {"problem": "no_checkpoint", "message": f"There is no {files} yet: run the training cells of notebook 04."}
    seen, error = bounded(lambda: _observe(exercise, folder, digits), LIMIT_SECONDS)
    if isinstance(error, EvidenceError):
        return {"problem": error.code, "message": str(error)}
    if isinstance(error, TimeoutError):
        return {"problem": "cannot_rebuild", "message": f"Your model did not finish the digits within {LIMIT_SECONDS:.0f} s: please look for an endless loop."}
    if error is not None:
        return {"problem": "cannot_rebuild", "message": f"Your model stopped with {describe(error)}: please run all checks of notebooks 01 to 04 again."}
    return seen


def _observe(exercise, folder, digits):
    from helpers import standins

    used = standins.count("vision_transformer")
    images = {"train": digits.train.images[:TRAIN_PART], "val": digits.val.images, "test": digits.test.images}
    seen = {"metrics": read_metrics(folder), "source": digits.source}
    for which, part in NEEDS[exercise].items():
        checkpoint = read_checkpoint(folder, which)
        model = _rebuild(folder, checkpoint, which)
        logits = _logits(model, images[part], digits.mean, digits.std)
        if standins.count("vision_transformer") > used:
            raise EvidenceError("cannot_rebuild", STANDIN)
        seen[f"{which}_{part}"] = logits
        epoch = checkpoint.get("epoch")
        seen[f"{which}_epoch"] = epoch if type(epoch) is int else None
        seen["standin_parts"] = any(carry.is_standin(type(part)) for part in model.modules())
    return seen


def rebuild(folder, which="best"):
    """The model of folder/checkpoints/<which>.ckpt, in eval mode on the CPU, built by the student's own carried code.

    which: "first", "middle" or "best". Runs the student's code. Raises EvidenceError with one sentence.
    """
    return _rebuild(folder, read_checkpoint(folder, which), which)


def read_checkpoint(folder, which):
    """A Lightning checkpoint as a dict, read without executing anything in it (weights_only). Raises EvidenceError."""
    if which not in CHECKPOINTS:
        raise ValueError(f"There is no checkpoint {which!r}: choose first, middle or best.")
    path = find(folder, f"checkpoints/{which}.ckpt")
    if path is None:
        raise EvidenceError("no_checkpoint", f"There is no checkpoints/{which}.ckpt yet: run the training cells of notebook 04.")
    try:
        if path.stat().st_size > LARGEST_CHECKPOINT:
            raise ValueError("it is larger than 200 MB")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
            raise ValueError("it holds no state_dict")
    except Exception as error:
        raise EvidenceError("cannot_rebuild", f"checkpoints/{which}.ckpt cannot be read ({describe(error)}): please train again with the course's callbacks.") from error
    return checkpoint


def _rebuild(folder, checkpoint, which):
    place = _carry_place(folder)
    if place is None:
        raise EvidenceError("cannot_rebuild", "There is no carry/vision_transformer.py: run the carry.save cell of notebook 03 with your own VisionTransformer.")
    weights = checkpoint["state_dict"]
    if any(key.startswith("model.") for key in weights):
        weights = {key.removeprefix("model."): value for key, value in weights.items() if key.startswith("model.")}
    failures = []
    for make in _makers(place, failures):
        for kwargs in _model_kwargs(checkpoint):
            try:
                model = make(**kwargs)
                model.load_state_dict(weights)
                return model.cpu().eval()
            except Exception as error:  # a student's class may raise anything
                failures.append(describe(error))
    if any(failure.startswith("StandIn:") for failure in failures):  # a grader's kernel has none
        raise EvidenceError("cannot_rebuild", STANDIN)
    reason = failures[0] if failures else "no class to build it from"
    raise EvidenceError("cannot_rebuild", f"checkpoints/{which}.ckpt does not fit your carried VisionTransformer ({reason}): run carry.save again after your last change and train again.")


def _makers(place, failures):
    """The student's VisionTransformer as carried from notebook 03, then as notebook 04 had it."""
    for exercise in ("vision_transformer", "lit_vit"):
        if (place / f"{exercise}.py").is_file():
            try:
                with contextlib.redirect_stdout(None):
                    names = carry.namespace(place, exercise)
            except (Exception, SystemExit) as error:
                failures.append(describe(error))
                continue
            made = names.get("VisionTransformer")
            if callable(made) and not carry.is_standin(made):
                yield made


def _model_kwargs(checkpoint):
    kept = checkpoint.get("hyper_parameters")
    kept = kept.get("model_kwargs") if isinstance(kept, dict) else None
    if isinstance(kept, dict):
        yield kept
    else:
        for patch_size in (4, 7, 2, 14):
            yield {**DEFAULTS, "patch_size": patch_size, "num_patches": (28 // patch_size) ** 2}


def measure(model, split, mean, std):
    """Loss (mean cross-entropy) and accuracy of a model on a Split, as dict(loss, accuracy).

    model: maps images [B, 1, 28, 28] to logits [B, 10]. mean, std: of the training pixels in 0..1, as in Digits.
    """
    logits = _logits(model, split.images, mean, std)
    return {"loss": F.cross_entropy(logits, split.labels).item(), "accuracy": (logits.argmax(dim=1) == split.labels).float().mean().item()}


@torch.no_grad()
def _logits(model, images, mean, std):
    """Logits [N, 10] on the CPU; the model's mode and device are put back."""
    parameter = next(iter(model.parameters()), torch.zeros(()))
    was_training = model.training
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device)
    try:
        parts = [model((part.to(device).float() / 255 - mean) / std).float().cpu() for part in images.split(BATCH[device.type])]
        return torch.cat(parts)
    finally:
        model.to(parameter.device).train(was_training)


def find(folder, name):
    """Path of a file of the hand-in, in `folder` or in its `runs` folder; None where there is none."""
    return next((path for path in (Path(folder) / name, Path(folder) / "runs" / name) if path.is_file()), None)


def read_metrics(folder):
    """Text of metrics.csv; "" where there is none."""
    path = find(folder, "metrics.csv")
    if path is None or path.stat().st_size > 2**22:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _carry_place(folder):
    """The carry folder that has vision_transformer.py: beside the checkpoints, or where this notebook's is."""
    places = [Path(folder) / "carry"]
    if Path(folder).resolve() in (Path.cwd().resolve(), carry.folder().parent.resolve()):
        places += [carry.folder(), Path.cwd() / "carry"]  # a student who mounted the Drive half-way has two
    return next((place for place in places if (place / "vision_transformer.py").is_file()), None)
