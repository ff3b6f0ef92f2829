"""An assignment as the grader sees it: the instructor's notebook, the release that students got, and its exercises."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from helpers import NAMES, __version__
from helpers.checks.lessons import bugs

EVIDENCE = ("test_accuracy", "train_curve", "val_curve")  # judged by helpers.evidence from checkpoints, not from a cell
_SOLUTION = re.compile(r"^[ \t]*### BEGIN SOLUTION.*?^[ \t]*### END SOLUTION[^\n]*", flags=re.M | re.S)
OLDER = "releases"  # folder of a course directory with earlier releases: releases/<stem>/<version>/{source,release}.ipynb
LAST_OF_HAND_IN = 4  # notebooks 01 to 04 are the hand-in; later ones are graded only for who hands them in


@dataclass(frozen=True)
class Exercise:
    """One graded cell: its grade_id, points, the Python name that its solution cell defines, and the id of that cell.

    Evidence has neither; an answer in words has no name, and is its own solution cell.
    """

    grade_id: str
    points: float
    name: str
    solution: str

    @property
    def is_evidence(self) -> bool:
        return self.grade_id in EVIDENCE

    @property
    def is_written(self) -> bool:
        """Whether it is an answer in words, which a person reads (see `written`)."""
        return self.solution == self.grade_id


@dataclass(frozen=True)
class Assignment:
    """One notebook of the course: stem, the instructor's version and the student's version of it.

    older: the same of earlier releases, which some students may still have.
    """

    stem: str
    source: nbformat.NotebookNode
    release: nbformat.NotebookNode
    older: tuple[Assignment, ...] = ()

    @cached_property
    def version(self) -> str:
        """Name of this release of the notebook; another one for every change that a grader could notice."""
        return version_of(self.source)

    def as_given(self, version: str) -> tuple[Assignment, str]:
        """The release that a notebook says it comes from, and a note where that one is not known; the newest for ""."""
        if "+" not in version or version == self.version:  # a number alone is that of the package, as the instructor's notebooks have it
            return self, ""
        for one in self.older:
            if one.version == version:
                return one, ""
        return self, f"The notebook says that it comes from release {version}, which is not kept here; it was graded by the newest one, {self.version}."

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        """Graded cells in the order of the notebook."""
        ids = {_nbgrader(cell).get("grade_id") for cell in self.source.cells}
        found = []
        for cell in self.source.cells:
            meta = _nbgrader(cell)
            if meta.get("grade"):
                grade_id = meta["grade_id"]
                solution = grade_id if meta.get("solution") else f"{grade_id}_solution" if f"{grade_id}_solution" in ids else ""
                name = "" if grade_id in EVIDENCE or meta.get("solution") else {**bugs.NAMES, **NAMES}.get(grade_id, grade_id)
                found.append(Exercise(grade_id, float(meta["points"]), name, solution))
        return tuple(found)

    @cached_property
    def stubs(self) -> dict[str, str]:
        """grade_id of each solution cell -> the stub that students got."""
        return {_nbgrader(cell)["grade_id"]: cell.source for cell in self.release.cells if _nbgrader(cell).get("solution")}

    @cached_property
    def expected(self) -> bool:
        """Whether every student hands this notebook in."""
        return handed_in_by_all(self.stem)


def handed_in_by_all(stem: str) -> bool:
    """Whether every student hands in the notebook of this name; the others are lessons for who likes."""
    number = re.match(r"\d+", stem)
    return number is not None and int(number[0]) <= LAST_OF_HAND_IN


def load(course: Path, stem: str) -> Assignment:
    """The assignment from the source and release folders of a course directory."""
    source, release = (nbformat.read(Path(course) / step / stem / f"{stem}.ipynb", as_version=4) for step in ("source", "release"))
    older = []
    for folder in sorted((Path(course) / OLDER / stem).glob("*")):
        if all((folder / f"{step}.ipynb").is_file() for step in ("source", "release")):
            older.append(Assignment(stem, *(nbformat.read(folder / f"{step}.ipynb", as_version=4) for step in ("source", "release"))))
    return Assignment(stem, source, release, tuple(older))


def version_of(source: nbformat.NotebookNode) -> str:
    """Version of the package and a hash of what students got of an instructor's notebook, "1.0.0+0123abcd".

    The hash leaves out what makes no difference to a grader: text, solutions, and the generated cells, which name the
    students' repository.
    """
    content = []
    for cell in source.cells:
        mark = {key: value for key, value in _nbgrader(cell).items() if key not in ("checksum", "cell_type")}
        if (cell.cell_type == "code" or mark) and not cell.metadata.get("generated"):
            text = "" if cell.cell_type == "markdown" and mark.get("solution") else _SOLUTION.sub("", cell.source)
            content.append([cell.cell_type, text, mark, sorted(cell.metadata.get("tags", []))])
    return f"{__version__}+{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]}"


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
