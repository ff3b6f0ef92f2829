"""The verdict on one graded cell: points, status, codes and what the student is told. Plain data, kept as JSON."""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, dataclass

from helpers.checks.report import TITLES, CheckReport

STATUSES = ("graded", "repaired", "not_attempted", "error", "timeout", "crashed", "not_gradable", "needs_review", "missing")
UNSEEN = ("not_gradable", "needs_review", "missing")  # nobody's answer was judged
WRITTEN = "answer_in_words"  # finding: a person reads this cell and gives the points, see `written`

_TITLES = {"test_accuracy": "Test accuracy", "train_curve": "Training curve", "val_curve": "Validation curve",
           "strengths_and_weaknesses": "Strengths and weaknesses", "what_next": "What would you try next"}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """Points and reasons for one graded cell of one student.

    codes: misconceptions, the diagnosis first; findings: remarks without a deduction; messages: sentences for the
    student; rungs: (claim, whether it holds); picture: base64 of a PNG, or "".
    """

    exercise: str
    points: float
    max_points: float
    status: str
    codes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    rungs: tuple[tuple[str, bool], ...] = ()
    picture: str = ""

    @property
    def title(self) -> str:
        """Human name of the exercise."""
        return _TITLES.get(self.exercise) or TITLES.get(self.exercise, self.exercise)

    @property
    def passed(self) -> bool:
        """Whether the answer was judged and is right."""
        return self.status in ("graded", "repaired") and not self.codes and (not self.is_written or self.points >= self.max_points)

    @property
    def is_written(self) -> bool:
        """Whether it is about an answer in words, which a person reads."""
        return WRITTEN in self.findings

    @property
    def is_unread(self) -> bool:
        """Whether this answer in words waits for a person, for the first time or again."""
        return self.is_written and self.status == "needs_review"

    @property
    def is_marked(self) -> bool:
        """Whether a person has read this answer in words and given the points."""
        return self.is_written and self.status == "graded"

    @property
    def seen(self) -> str:
        """The last column of grades.csv: codes and findings, separated by ;"""
        return ";".join(dict.fromkeys((*self.codes, *self.findings)))

    def to_json(self) -> dict:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def from_json(data: dict) -> Verdict:
        """From what `to_json` made. Raises TypeError or KeyError for other data."""
        tuples = {name: tuple(data[name]) for name in ("codes", "findings", "messages")}
        return Verdict(**{**data, **tuples, "rungs": tuple((str(claim), bool(ok)) for claim, ok in data["rungs"])})


def from_report(exercise: str, max_points: float, report: CheckReport) -> Verdict:
    """The verdict that a check's report means: points = max_points * score, never outside [0, max_points]."""
    score = float(report.score)
    score = min(max(score, 0.0), 1.0) if math.isfinite(score) else 0.0
    first = report.codes[0] if report.codes else ""
    status = "graded"
    if first in ("not_implemented", "no_checkpoint") and score == 0:
        status = "not_attempted"
    elif first == "raises" and score == 0:
        status = "error"
    return Verdict(
        exercise,
        round(max_points * score, 4),
        max_points,
        status,
        tuple(report.codes),
        tuple(report.findings),
        tuple(report.messages),
        tuple((str(claim), bool(ok)) for claim, ok in getattr(report, "rungs", ())),
        base64.b64encode(report.picture).decode() if report.picture else "",
    )


def without_points(exercise: str, max_points: float, status: str, message: str, codes: tuple[str, ...] = (), findings: tuple[str, ...] = ()) -> Verdict:
    """A verdict of zero points with its reason."""
    return Verdict(exercise, 0.0, max_points, status, codes, findings, (message,))
