"""The grades of a class as they stand now: the verdicts of the last run with the manual marks and penalties of the gradebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import BaseCell, Comment, Grade, Gradebook, Notebook, Student, SubmittedAssignment, SubmittedNotebook

from ..judging.verdicts import Verdict
from . import ledger


class NoGrades(Exception):
    """There are no grades to read; the message says in one sentence what to do."""


@dataclass
class Cell:
    """One graded cell of one student.

    points: as they count now, None where a person still has to decide; verdict: of the last run; manual: whether the points
    were entered by hand; comment: what was written by hand; penalty: share of the points that lateness took, 0 to 1.
    """

    stem: str
    verdict: Verdict
    points: float | None
    manual: bool = False
    comment: str = ""
    penalty: float = 0.0

    @property
    def title(self) -> str:
        """The column that this cell is in an export."""
        return f"{self.stem}: {self.verdict.title}"


@dataclass
class Person:
    """One student: id, the folder name under OUT, what is known of the person, and in `about` the notes and records of the run."""

    student: str
    key: str
    name: str = ""
    email: str = ""
    lms_id: str = ""
    cells: list[Cell] = field(default_factory=list)
    about: dict = field(default_factory=dict)


def load(out: Path, db: str = "") -> list[Person]:
    """Everybody of the last finished run into `out`, sorted by id.

    db: URL of the gradebook, "" for the one of that run. Raises NoGrades in one sentence.
    """
    out = Path(out)
    results = ledger.last(out)
    if not results:
        raise NoGrades(f"There are no grades in {out}: please run `python -m autograder grade SUBMISSIONS_DIR --out {out}` first.")
    people = {student: Person(student, result["key"], result.get("name", ""), result.get("email", ""), result.get("lms_id", "")) for student, result in sorted(results.items())}
    for student, person in people.items():
        person.about = {"notes": results[student].get("notes", []), "notebooks": results[student]["notebooks"]}
        for stem, record in sorted(results[student]["notebooks"].items()):
            person.cells += [Cell(stem, verdict, None if _open(verdict) else verdict.points) for verdict in record["verdicts"]]
    _add_gradebook(people, out, db)
    return list(people.values())


def _open(verdict: Verdict) -> bool:
    """Whether the points are for a person to give: those that have been given are in the gradebook."""
    return verdict.status == "needs_review" or verdict.is_marked


def _add_gradebook(people: dict[str, Person], out: Path, db: str) -> None:
    """Put manual marks, comments, penalties and names in."""
    db = db or ledger.read(out / "run.json").get("db", "")
    if not db and not (out / "gradebook.db").is_file():
        return
    with Gradebook(db or f"sqlite:///{(out / 'gradebook.db').resolve()}") as book:
        known = {row.id: row for row in book.db.query(Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id)}
        marks = {
            (row.student_id, row.stem, row.cell): row
            for row in _submitted(book, Grade, Grade.manual_score, Grade.extra_credit).filter((Grade.manual_score != None) | (Grade.extra_credit != None))  # noqa: E711
        }
        comments = {(row.student_id, row.stem, row.cell.removesuffix("_solution")): row.manual_comment for row in _submitted(book, Comment, Comment.manual_comment).filter(Comment.manual_comment != None)}  # noqa: E711
        notebooks = book.db.query(SubmittedAssignment.student_id, Notebook.name, SubmittedNotebook.late_submission_penalty)
        notebooks = notebooks.select_from(SubmittedNotebook).join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        notebooks = notebooks.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        penalties = {(student, stem): penalty for student, stem, penalty in notebooks if penalty}
    for person in people.values():
        if person.key in known:
            row = known[person.key]
            person.name = " ".join(part for part in (row.first_name, row.last_name) if part) or person.name
            person.email = row.email or person.email
        for cell in person.cells:
            place = person.key, cell.stem, cell.verdict.exercise
            if place in marks:
                given = marks[place].manual_score
                cell.manual = given is not None
                points = cell.points if given is None else given
                cell.points = points if points is None else max(0.0, points + (marks[place].extra_credit or 0.0))
            cell.comment = comments.get(place, "")
        for stem in dict.fromkeys(cell.stem for cell in person.cells):
            _take_penalty([cell for cell in person.cells if cell.stem == stem], penalties.get((person.key, stem), 0.0))


def _submitted(book: Gradebook, table, *columns):
    """Rows of a table of graded cells with the student's key, the notebook's stem and the cell's name."""
    query = book.db.query(SubmittedAssignment.student_id, Notebook.name.label("stem"), BaseCell.name.label("cell"), *columns).select_from(table)
    query = query.join(BaseCell, BaseCell.id == table.cell_id).join(SubmittedNotebook, SubmittedNotebook.id == table.notebook_id)
    return query.join(Notebook, Notebook.id == SubmittedNotebook.notebook_id).join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)


def _take_penalty(cells: list[Cell], penalty: float) -> None:
    """Spread a notebook's penalty over its cells in proportion, so that their sum is what nbgrader counts."""
    total = sum(cell.points or 0.0 for cell in cells)
    if penalty > 0 and total > 0:
        share = min(penalty / total, 1.0)
        for cell in cells:
            if cell.points:
                cell.points, cell.penalty = cell.points * (1 - share), share
