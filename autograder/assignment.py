"""An assignment as the grader sees it: the instructor's notebook, the release that students got, and its exercises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from helpers import NAMES

EVIDENCE = ("test_accuracy", "train_curve", "val_curve")  # judged by helpers.evidence from checkpoints, not from a cell
LAST_OF_HAND_IN = 4  # notebooks 01 to 04 are the hand-in; later ones are graded only for who hands them in


@dataclass(frozen=True)
class Exercise:
    """One graded cell: its grade_id, points, and the Python name that its solution cell defines ("" for evidence)."""

    grade_id: str
    points: float
    name: str
    solution: str

    @property
    def is_evidence(self) -> bool:
        return self.grade_id in EVIDENCE


@dataclass(frozen=True)
class Assignment:
    """One notebook of the course: stem, the instructor's version and the student's version of it."""

    stem: str
    source: nbformat.NotebookNode
    release: nbformat.NotebookNode

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        """Graded cells in the order of the notebook."""
        ids = {_nbgrader(cell).get("grade_id") for cell in self.source.cells}
        found = []
        for cell in self.source.cells:
            meta = _nbgrader(cell)
            if meta.get("grade"):
                grade_id = meta["grade_id"]
                solution = f"{grade_id}_solution" if f"{grade_id}_solution" in ids else ""
                name = "" if grade_id in EVIDENCE else NAMES.get(grade_id, grade_id)
                found.append(Exercise(grade_id, float(meta["points"]), name, solution))
        return tuple(found)

    @cached_property
    def stubs(self) -> dict[str, str]:
        """grade_id of each solution cell -> the stub that students got."""
        return {_nbgrader(cell)["grade_id"]: cell.source for cell in self.release.cells if _nbgrader(cell).get("solution")}

    @cached_property
    def expected(self) -> bool:
        """Whether every student hands this notebook in."""
        number = re.match(r"\d+", self.stem)
        return number is not None and int(number[0]) <= LAST_OF_HAND_IN


def load(course: Path, stem: str) -> Assignment:
    """The assignment from the source and release folders of a course directory."""
    source, release = (nbformat.read(Path(course) / step / stem / f"{stem}.ipynb", as_version=4) for step in ("source", "release"))
    return Assignment(stem, source, release)


def _nbgrader(cell) -> dict:
    return cell.metadata.get("nbgrader", {})


def is_graded(cell) -> bool:
    """Whether a cell of the instructor's notebook is a test cell."""
    return bool(_nbgrader(cell).get("grade"))


def is_solution(cell) -> bool:
    """Whether a cell of the instructor's notebook is one that students fill in."""
    return bool(_nbgrader(cell).get("solution"))


def grade_id(cell) -> str:
    """The grade_id of a cell of the instructor's notebook, "" where it has none."""
    return _nbgrader(cell).get("grade_id", "")


def is_skipped(cell) -> bool:
    """Whether the grader leaves this cell of the release alone (figures, training, hand-in)."""
    return "skip-grading" in cell.metadata.get("tags", [])
