"""One submission of the corpus: what a student hands in, and what the grader must say about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sample_class import CORE, Material

FULL = {"img_to_patch": 2.0, "attention_block": 3.0, "vision_transformer": 2.0, "lit_vit": 0.0, "test_accuracy": 1.0, "train_curve": 1.0, "val_curve": 1.0}
EXERCISES = dict(zip(CORE, (("img_to_patch",), ("attention_block",), ("vision_transformer",), ("lit_vit", "test_accuracy", "train_curve", "val_curve")), strict=True))
JUDGED = ("graded", "repaired")
# What a front end writes about a person: it may stand in the raw submission, and in nothing that the grader writes.
PRIVATE = ("Ada Private-Person", "ada.private@example.org", "photo-of-ada.example.org", "00112233445566778899", "ABX9TyPrivate", "private-drive-file-id")


@dataclass(frozen=True)
class Expected:
    """What a graded cell must get: points, one of the statuses, and findings that must be among its own."""

    points: float
    statuses: tuple[str, ...] = JUDGED
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A student of the corpus.

    name: the student's id; what: one line on what is special; files: makes {path in the folder: content};
    expect: exercise -> Expected, every other exercise keeps full points; finish: puts into the folder what no bytes can
    say (links, devices, modes); mentions: words that the student's feedback or the repairs must contain; quick: whether
    it is graded in every run of the tests, not only in the full one.
    """

    name: str
    what: str
    files: Callable[[Material], Mapping[str, bytes]]
    expect: Mapping[str, Expected] = field(default_factory=dict)
    finish: Callable[[Path, Material], None] | None = None
    mentions: tuple[str, ...] = ()
    quick: bool = False

    def expected(self, exercise: str) -> Expected:
        """What this student must get for one exercise."""
        return self.expect.get(exercise, Expected(FULL[exercise]))


def everywhere(points: float, *statuses: str) -> dict[str, Expected]:
    """The same for every exercise."""
    return {exercise: Expected(points, statuses) for exercise in FULL}


def only(*stems: str, **expect: Expected) -> dict[str, Expected]:
    """What a student must get who hands in these notebooks alone: full points there but for `expect`, the others are missing."""
    missing = {exercise: Expected(0.0, ("missing",)) for stem, exercises in EXERCISES.items() if stem not in stems for exercise in exercises}
    return {**missing, **expect}
