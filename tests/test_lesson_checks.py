"""Checks of notebooks 05 to 10: they end, never raise, judge the ten bugs, and leave the session as it was."""

import random
import time

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms import v2

from helpers import checks
from helpers.checks.lessons import bugs
from helpers.checks.messages import GENERAL, SAYINGS
from helpers.checks.report import TITLES
from tests import corpus


def right(exercise):
    """A right cell of the corpus."""
    return next(cell for cell in corpus.cells(exercise) if cell.correct).load()


@pytest.mark.parametrize("exercise", [*checks.LESSONS, *bugs.NAMES])
@pytest.mark.parametrize("obj", [None, 3, "text", object(), lambda *a, **k: None, dict, int, nn.Linear],
                         ids=["None", "number", "text", "object", "function", "dict", "int", "Linear"])
def test_nonsense_fails_without_an_exception(exercise, obj):
    report = getattr(checks, exercise)(obj)
    assert not report.passed and report.score == 0.0 and report.codes and report.messages and report.exercise == exercise


@pytest.mark.parametrize("exercise", checks.LESSONS)
def test_judge_never_raises_on_forged_observations(exercise):
    given = checks.inputs(exercise, 0)
    honest = checks.observe(exercise, right(exercise), given)
    generator = np.random.default_rng(0)
    for name in honest:
        for forged in (None, "x", 7, float("nan"), torch.zeros(0), torch.full((3, 7), float("inf"))):
            assert isinstance(checks.judge(exercise, honest | {name: forged}, given, picture=False).passed, bool)
        fewer = {k: v for k, v in honest.items() if k != name and generator.random() < 0.9}
        assert isinstance(checks.judge(exercise, fewer, given, picture=False).passed, bool)
    assert not checks.judge(exercise, {}, given).passed


@pytest.mark.parametrize("exercise", checks.LESSONS)
def test_answers_to_other_inputs_do_not_pass(exercise):
    one, other = checks.inputs(exercise, 1), checks.inputs(exercise, 2)
    seen = checks.observe(exercise, right(exercise), one)
    assert checks.judge(exercise, seen, one).passed and not checks.judge(exercise, seen, other).passed


@pytest.mark.parametrize("exercise", [*checks.LESSONS, *bugs.NAMES])
def test_inputs_are_plain_and_the_same_again(exercise):
    given, again, other = (checks.inputs(exercise, seed) for seed in (7, 7, 8))
    sent = checks.unpack(checks.pack(given))

    def same(a, b):
        return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b and type(a) is type(b)

    assert set(sent) == set(given) == set(again)
    assert all(same(given[name], again[name]) and same(given[name], sent[name]) for name in given)
    assert not all(same(given[name], other[name]) for name in given)


@pytest.mark.parametrize("exercise", checks.LESSONS)
def test_session_and_inputs_are_left_alone(exercise):
    given = checks.inputs(exercise, 3)
    torch.manual_seed(4), random.seed(4), np.random.seed(4)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    report = checks.judge(exercise, checks.observe(exercise, right(exercise), given), given)
    assert report.passed and torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), before[0]) and (random.getstate(), np.random.get_state()[1].tolist()) == before[1:]
    assert all(torch.equal(given[name], value) for name, value in checks.inputs(exercise, 3).items() if isinstance(value, torch.Tensor))


@pytest.mark.parametrize("exercise", checks.LESSONS)
def test_passes_for_many_seeds_and_quickly(exercise):
    fn, check = right(exercise), getattr(checks, exercise)
    check(fn)
    start = time.process_time()
    assert all(check(fn, seed).passed for seed in range(20)) and check(fn, seed=None).passed
    assert (time.process_time() - start) / 21 < 1


def test_endless_loop_is_reported():
    def forever(step, warmup_steps, total_steps):
        while True:
            step += 1

    start = time.monotonic()
    report = checks.warmup_cosine(forever)
    assert time.monotonic() - start < 13
    assert report.codes == ("raises",) and "10 seconds" in report.messages[0]


@pytest.mark.parametrize("exercise", [*checks.LESSONS, *bugs.OWN])
def test_every_code_has_a_sentence_and_every_exercise_a_title(exercise):
    import helpers.checks.lessons as lessons

    assert exercise in TITLES
    for code, text in SAYINGS[exercise].items():
        assert exercise not in checks.LESSONS or code in lessons.__doc__
        said = checks.say(exercise, code, missing="x", got="y", want="z")
        assert said.endswith((".", "?", ")")) and "{" not in said.replace("{'params'", ""), text
    assert not set(SAYINGS[exercise]) & set(GENERAL)


PICTURES = {"warmup_cosine": ("jump_at_boundary", "linear_decay"), "drop_path": ("per_element",), "layerwise_lr_groups": ("order_reversed",),
            "resize_pos_embedding": ("not_bicubic", "grid_swapped"), "attention_rollout": ("wrong_order",)}


@pytest.mark.parametrize("exercise", PICTURES)
def test_a_picture_where_it_tells_more(exercise):
    for code in PICTURES[exercise]:
        cell = next(cell for cell in corpus.cells(exercise) if cell.codes[:1] == (code,))
        report = getattr(checks, exercise)(cell.load())
        assert report.picture and report.picture.startswith(b"\x89PNG"), code


# The bug hunt


def named(exercise, part):
    """The cell of the corpus whose name contains `part`."""
    return next(cell for cell in corpus.cells(exercise) if part in cell.name)


BROKEN = {
    "bug_batch_axis": ("attention_block", "attends_across_batch_no_batch_first"),
    "bug_shared_norm": ("attention_block", "shared_norm_one_layer_used_twice"),
    "bug_class_token": ("vision_transformer", "cls_not_parameter_plain_tensor"),
    "bug_normalize": ("vision_transformer", "normalizes_across_tokens_f_normalize"),
    "bug_two_that_cancel": ("vision_transformer", "attends_across_batch_encoder_default_layout"),
    "bug_softmax": ("lit_vit", "softmax_before_cross_entropy_in_step"),
}


@pytest.mark.parametrize("bug", BROKEN)
def test_a_bug_of_an_earlier_exercise_is_all_or_nothing(bug):
    exercise, broken = BROKEN[bug]
    assert bugs.JUDGED_AS[bug] == exercise
    before, after = getattr(checks, bug)(named(exercise, broken).load()), getattr(checks, bug)(right(exercise))
    assert (before.passed, before.score, before.codes[:1]) == (False, 0.0, named(exercise, broken).codes[:1])
    assert (after.passed, after.score, after.codes, after.exercise) == (True, 1.0, (), bug)


def flipping(*transforms):
    pipeline = v2.Compose(transforms)
    return lambda images: pipeline(images)


@pytest.mark.parametrize("augment, codes", [
    (flipping(v2.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1))), ()),
    (flipping(v2.RandomCrop(28, padding=2)), ()),
    (flipping(v2.RandomRotation(15), v2.RandomErasing(0.3)), ()),
    (flipping(v2.RandomHorizontalFlip(), v2.RandomAffine(10, translate=(0.1, 0.1))), ("mirrored",)),
    (flipping(v2.RandomHorizontalFlip(0.2)), ("mirrored",)),
    (flipping(v2.RandomVerticalFlip(), v2.RandomCrop(28, padding=2)), ("upside_down",)),
    (lambda images: images, ("augmentation_gone",)),
    (lambda images: images[0], ("wrong_shape",)),
])
def test_flips(augment, codes):
    for seed in range(4):
        assert checks.bug_flip(augment, seed).codes == codes


def training(std=0.02, schedule=True, factor=1.0):
    def training_setup(model, lr, total_steps):
        nn.init.normal_(model.positions, std=std)
        nn.init.normal_(model.cls_token, std=std)
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr * factor)
        if schedule == "cycle":
            return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps)
        return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps) if schedule else None
    return training_setup


@pytest.mark.parametrize("setup, codes", [
    (training(), ()), (training(0.0), ()), (training(schedule="cycle"), ()),
    (training(1.0, schedule=False), ("positions_too_large", "constant_lr")),
    (training(1.0), ("positions_too_large",)), (training(schedule=False), ("constant_lr",)), (training(factor=0.1), ("lr_ignored",)),
    (lambda model, lr, total_steps: torch.optim.AdamW(model.parameters(), lr=lr), ("wrong_shape",)),
])
def test_start_and_schedule(setup, codes):
    assert checks.bug_constant_lr(setup).codes == codes


def fitting(kind):
    from lightning.pytorch import Callback, Trainer

    class History(Callback):
        def __init__(self):
            self.losses = []

        def on_train_epoch_end(self, trainer, module):
            self.losses.append(trainer.callback_metrics["train_loss"].item())

    def fit_with_history(module, loader, epochs):
        history = History()
        callbacks = {"once": [history], "other": [History()], "twice": [history, history]}[kind]
        trainer = Trainer(max_epochs=epochs, callbacks=callbacks, logger=False, enable_checkpointing=False, enable_progress_bar=False,
                          enable_model_summary=False, accelerator="cpu")
        trainer.fit(module, loader)
        return history.losses

    return fit_with_history


@pytest.mark.parametrize("kind, codes", [("once", ()), ("other", ("history_empty",)), ("twice", ("counted_twice",))])
def test_callback(kind, codes):
    assert checks.bug_callback_twice(fitting(kind)).codes == codes


def from_environment():
    import os
    if "HF_TOKEN" in os.environ:
        return os.environ["HF_TOKEN"]
    raise RuntimeError("HF_TOKEN is not set.")


def asked_for():
    import getpass
    import os
    return os.environ.get("HF_TOKEN") or getpass.getpass("token")


def with_default():
    import os
    return os.getenv("HF_TOKEN", "hf_abcdefghijklmnopqrstuvwxyz123456")


@pytest.mark.parametrize("fn, codes", [(from_environment, ()), (asked_for, ()), (with_default, ("token_in_source",)),
                                       (lambda: "hf_abcdefghijklmnopqrstuvwxyz123456", ("token_in_source",)), (lambda: "", ("variable_ignored",))])
def test_token(fn, codes, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "as before")
    assert checks.bug_token(fn).codes == codes
    import os
    assert os.environ["HF_TOKEN"] == "as before"
