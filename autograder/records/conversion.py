"""What nbgrader makes of one graded notebook, without a database: the autograded notebook and the feedback page.

nbgrader's own preprocessors, its page template and nbconvert's exporters do it, as in `nbgrader autograde` and `nbgrader
generate_feedback`; only what those read from the gradebook is handed over here, so that any process can do it. The
exporters are kept from one notebook to the next: compiling the template takes longer than filling it in.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache

import nbformat
from nbconvert.exporters import Exporter, NotebookExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader import utils
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, DeduplicateIds, LimitOutput, NbGraderPreprocessor
from traitlets import List

from ..assignment import Assignment, grade_id
from ..judging.verdicts import Verdict
from .recording import HideTests, RecordVerdicts

NO_ANSWER = "No response."  # nbgrader's own comment on a solution cell that is as it was released


@dataclass(frozen=True)
class Grades:
    """What the gradebook says of one notebook: points and most points by graded cell, comments by solution cell, and their sums."""

    scores: dict[str, tuple[float, float]]
    comments: dict[str, str | None] = field(default_factory=dict)
    score: float = 0.0
    max_score: float = 0.0
    penalty: float = 0.0


@dataclass(frozen=True)
class Converted:
    """One notebook as nbgrader keeps it: text of the autograded .ipynb, the page for the student, and what the page says."""

    autograded: str
    page: str
    grades: Grades


class RestoreTests(NbGraderPreprocessor):
    """Does what nbgrader's OverwriteCells does to test cells, with the instructor's cells that are handed over."""

    display_data_priority = List().tag(config=True)

    def preprocess(self, nb, resources):
        """Put the instructor's tests, hidden ones included, into the locked cells."""
        tests: dict[str, str] = resources["nbgrader"].pop("tests")
        for cell in nb.cells:
            if utils.is_locked(cell):
                cell.source = tests[cell.metadata.nbgrader["grade_id"]]
                cell.metadata.nbgrader["checksum"] = utils.compute_checksum(cell)
        return nb, resources


class ShowGrades(NbGraderPreprocessor):
    """Does what nbgrader's GetGrades does, with the grades that are handed over instead of those in a database."""

    display_data_priority = List(["text/html", "application/pdf", "text/latex", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]).tag(config=True)

    def preprocess(self, nb, resources):
        """Put points and comments into the cells, and their sums into the resources."""
        grades: Grades = resources["nbgrader"].pop("grades")
        for cell in nb.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if utils.is_solution(cell):
                cell.metadata.nbgrader["comment"] = grades.comments.get(grade_id)
            if utils.is_grade(cell):
                cell.metadata.nbgrader["score"], cell.metadata.nbgrader["points"] = grades.scores[grade_id]
        resources["nbgrader"] |= {"score": grades.score - grades.penalty, "max_score": grades.max_score, "late_penalty": grades.penalty}
        return nb, resources


def convert(text: str, verdicts: list[Verdict], one: Assignment, key: str) -> Converted:
    """Both for a notebook that has no manual mark, comment or penalty. text: the rebuilt notebook; key: see `course.key_of`.

    Raises ValidationError of nbgrader where the notebook's metadata is no longer what it should be.
    """
    stem, made = one.stem, autograded(text, verdicts, one, key)
    scores = {verdict.exercise: (verdict.points, verdict.max_points) for verdict in verdicts}
    comments = {grade_id: NO_ANSWER if empty else None for grade_id, empty in unanswered(made).items()}
    grades = Grades(scores, comments, sum(v.points for v in verdicts), sum(v.max_points for v in verdicts))
    return Converted(made, feedback(made, grades, key, stem), grades)


def mark_of(text: str, verdicts: list[Verdict]) -> str:
    """Changes with a rebuilt notebook and the verdicts on it."""
    return hashlib.sha256(json.dumps([text, [verdict.to_json() for verdict in verdicts]]).encode()).hexdigest()


def autograded(text: str, verdicts: list[Verdict], one: Assignment, key: str) -> str:
    """The notebook after nbgrader's sanitizing and with the outputs that its verdicts mean."""
    notebook = nbformat.reads(text, as_version=4)
    resources = _resources(key, one.stem)
    resources["nbgrader"]["tests"] = {grade_id(cell): cell.source for cell in one.source.cells if utils.is_locked(cell)}
    resources["nbgrader"]["verdicts"] = verdicts
    return _recorder().from_notebook_node(notebook, resources)[0]


def feedback(text: str, grades: Grades, key: str, stem: str) -> str:
    """The page that `nbgrader generate_feedback` writes for an autograded notebook with these grades."""
    resources = _resources(key, stem)
    resources["nbgrader"]["grades"] = grades
    return _pages().from_notebook_node(nbformat.reads(text, as_version=4), resources)[0]


def unanswered(text: str) -> dict[str, bool]:
    """grade_id of each solution cell -> whether it is as it was released."""
    cells = [cell for cell in nbformat.reads(text, as_version=4).cells if utils.is_solution(cell)]
    return {cell.metadata.nbgrader["grade_id"]: cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) for cell in cells}


def _resources(key: str, stem: str) -> dict:
    return {
        "unique_key": stem,
        "output_files_dir": f"{stem}_files",
        "metadata": {"name": stem, "path": ""},
        "nbgrader": {"student": key, "assignment": stem, "notebook": stem},
    }


@cache
def _recorder() -> Exporter:
    exporter = NotebookExporter()
    exporter._preprocessors = []  # as nbgrader's converters do: nbconvert's own are not wanted
    for step in (ClearOutput, DeduplicateIds, RestoreTests, CheckCellMetadata, RecordVerdicts, LimitOutput):
        exporter.register_preprocessor(step)
    return exporter


@cache
def _pages() -> Exporter:
    """The exporter that nbgrader's own converter would use: its page template and style."""
    converter = GenerateFeedback(coursedir=CourseDirectory())
    exporter = converter.exporter_class(parent=converter, config=converter.config)
    for step in (ShowGrades, HideTests, CSSHTMLHeaderPreprocessor):
        exporter.register_preprocessor(step)
    return exporter
