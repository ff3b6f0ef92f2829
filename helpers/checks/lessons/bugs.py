"""The ten bugs of notebook 05: what each exercise is called, what students define, and which check judges the mended code.

A mended bug earns all of its points or none: broken code passes most rungs of a ladder.
"""

from __future__ import annotations

from dataclasses import replace

from ..report import CheckReport

NAMES = {  # grade_id -> the Python name that the student's cell defines
    "bug_batch_axis": "BatchAxisBlock",
    "bug_shared_norm": "SharedNormBlock",
    "bug_class_token": "ClassTokenViT",
    "bug_normalize": "NormalizeViT",
    "bug_two_that_cancel": "BlogViT",
    "bug_softmax": "SoftmaxLitViT",
    "bug_flip": "augment",
    "bug_constant_lr": "training_setup",
    "bug_callback_twice": "fit_with_history",
    "bug_token": "hub_token",
}
JUDGED_AS = {  # bug -> the exercise whose check judges the mended code; the other four have checks of their own
    "bug_batch_axis": "attention_block",
    "bug_shared_norm": "attention_block",
    "bug_class_token": "vision_transformer",
    "bug_normalize": "vision_transformer",
    "bug_two_that_cancel": "vision_transformer",
    "bug_softmax": "lit_vit",
}
OWN = tuple(bug for bug in NAMES if bug not in JUDGED_AS)


def all_or_nothing(bug: str, report: CheckReport) -> CheckReport:
    """The report of a check as that of a bug: 1 where the bug is mended, 0 where it is not."""
    return replace(report, exercise=bug, score=float(report.passed))
