"""`python -m autograder export OUT canvas|moodle|gradescope`: grades per exercise in the files that these systems take in.

Formats: Canvas lib/gradebook_importer.rb (Student, ID, SIS User ID, SIS Login ID, Section, then assignments; a row "Points
Possible"); Moodle docs "Grade import" and mod/assign/feedback/offline (Identifier, Grade, Last modified (grade), Feedback
comments); Gradescope autograder specifications, results.json.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from pathlib import Path

from .. import files
from ..records.scores import Cell, NoGrades, Person, load
from ..submissions import roster
from . import wording

KINDS = ("canvas", "moodle", "gradescope")
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_WORKSHEET = (
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed", "Last modified (submission)", "Last modified (grade)", "Feedback comments",
)  # fmt: skip


def write(out: Path, kinds: tuple[str, ...], class_list: Path | None = None, db: str = "") -> list[Path]:
    """Write OUT/exports/... for each kind and return the paths of the files, one folder for Gradescope.

    class_list: the roster, best the LMS's own export, from which names and its ids are taken; db: URL of the gradebook.
    Manual scores of the gradebook count, and late penalties are taken off in proportion. A cell that waits for a person is
    left empty. Raises NoGrades or roster.BadRoster in one sentence.
    """
    if not kinds:
        return []
    people = load(out, db)
    _add_roster(people, class_list)
    where = Path(out) / "exports"
    written = []
    for kind in dict.fromkeys(kinds):
        if kind == "canvas":
            files.write(where / "canvas.csv", canvas(people, class_list))
            written.append(where / "canvas.csv")
        elif kind == "moodle":
            files.write(where / "moodle" / "gradebook.csv", moodle(people))
            written.append(where / "moodle" / "gradebook.csv")
            for stem in _stems(people):
                files.write(where / "moodle" / f"{stem}.csv", worksheet(people, stem))
                written.append(where / "moodle" / f"{stem}.csv")
        elif kind == "gradescope":
            for person in people:
                files.write(where / "gradescope" / person.key / "results.json", json.dumps(gradescope(person), indent=1, ensure_ascii=False))
            written.append(where / "gradescope")
        else:
            raise ValueError(f"There is no export {kind!r}: please give one of {', '.join(KINDS)}.")
    return written


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP: CSV injection), on one line."""
    text = wording.one_line(text, 2000)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "|", "%") else text


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _stems(people: list[Person]) -> list[str]:
    return sorted({cell.stem for person in people for cell in person.cells})


def _columns(people: list[Person]) -> list[Cell]:
    """One cell for each column, in the order of the notebooks; practice without points is left out."""
    found = {cell.title: cell for person in people for cell in person.cells if cell.verdict.max_points > 0}
    return sorted(found.values(), key=lambda cell: cell.stem)


def _points(person: Person, title: str) -> str:
    points = next((cell.points for cell in person.cells if cell.title == title), None)
    return "" if points is None else wording.number(points)


def _add_roster(people: list[Person], class_list: Path | None) -> None:
    if class_list is not None:
        known = {entry.id: entry for entry in roster.read(class_list)}
        for person in people:
            if entry := known.get(person.student):
                person.name, person.email, person.lms_id = entry.name or person.name, entry.email or person.email, entry.lms_id or person.lms_id


def canvas(people: list[Person], class_list: Path | None = None) -> str:
    """CSV for Canvas > Grades > Import: a column for each exercise, named as Canvas names it where the roster is its export."""
    own = _rows_of_canvas(class_list)
    header = next(iter(own.values()), {})
    columns = _columns(people)
    titles = [next((name for name in header if re.fullmatch(re.escape(cell.title) + r" \(\d+\)", name)), cell.title) for cell in columns]
    rows = [[*_CANVAS, *titles], ["    Points Possible", "", "", "", "", *(wording.number(cell.verdict.max_points) for cell in columns)]]
    for person in people:
        known = own.get(person.student) or own.get(person.lms_id)
        if known:
            who = [known.get(name, "") for name in _CANVAS]
        else:
            who = [person.name or person.student, person.lms_id, "", person.student, ""]
        rows.append([*map(safe, who), *(_points(person, cell.title) for cell in columns)])
    return _csv(rows)


def _rows_of_canvas(class_list: Path | None) -> dict[str, dict[str, str]]:
    """Lines of Canvas' own gradebook export by each of the ids in it; none for another roster."""
    if class_list is None:
        return {}
    text = roster.text_of(class_list)
    lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if text.partition("\n")[0].count(";") > 2 else ","))
    if not lines or not {"Student", "ID", "Section"} <= set(lines[0]):
        return {}
    found = {}
    for line in lines:
        for name in ("ID", "SIS User ID", "SIS Login ID"):
            if line.get(name):
                found.setdefault(line[name].strip(), line)
    return found


def moodle(people: list[Person]) -> str:
    """CSV for Moodle > Grades > Import > CSV file: points and feedback of each exercise; both must be mapped."""
    columns = _columns(people)
    rows = [["ID number", "Full name", "Email address", *(f"{cell.title} ({what})" for cell in columns for what in ("Real", "Feedback"))]]
    for person in people:
        row = [safe(person.student), safe(person.name), safe(person.email)]
        for column in columns:
            cell = next((cell for cell in person.cells if cell.title == column.title), None)
            row += [_points(person, column.title), safe(said(cell)) if cell else ""]
        rows.append(row)
    return _csv(rows)


def worksheet(people: list[Person], stem: str) -> str:
    """CSV for one Moodle assignment, "Upload grading worksheet": the total of a notebook and what is said about it.

    The Identifier is Moodle's "Participant N", known from its download or the roster, else the student's id.
    """
    rows = [list(_WORKSHEET)]
    for person in people:
        cells = [cell for cell in person.cells if cell.stem == stem]
        if cells:
            waits = any(cell.points is None for cell in cells)
            total = "" if waits else wording.number(sum(cell.points for cell in cells))
            most = wording.number(sum(cell.verdict.max_points for cell in cells))
            number = person.lms_id or (person.student if person.student.isdigit() else "")
            comments = " ".join(f"{cell.verdict.title}: {said(cell)}" for cell in cells)
            identifier = f"Participant {number}" if number else person.student
            rows.append([safe(identifier), safe(person.name), safe(person.email), "Graded" if not waits else "In marking", total, most, "Yes", "-", "-", safe(comments)])
    return _csv(rows)


def gradescope(person: Person) -> dict:
    """The content of results.json for one student: a test for each exercise."""
    tests = []
    for number, cell in enumerate(person.cells, 1):
        verdict = cell.verdict
        lines = [said(cell), *(f"{'✓' if holds else '✗'} {claim}" for claim, holds in verdict.rungs)]
        judged = {}  # what waits for a person is no zero
        if cell.points is not None:
            full = verdict.passed or (cell.manual and cell.points >= verdict.max_points)
            judged = {"score": round(cell.points, 2), "status": "passed" if full else "failed"}
        tests.append(
            {
                "name": cell.title,
                "number": str(number),
                "max_score": verdict.max_points,
                **judged,
                "output": wording.plain("\n".join(lines)),
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"status": verdict.status, "codes": list(verdict.codes)},
            }
        )
    return {"score": round(sum(cell.points or 0.0 for cell in person.cells), 2), "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden", "tests": tests}


def said(cell: Cell) -> str:
    """What a student is told about one cell, in a few sentences."""
    verdict = cell.verdict
    judged = verdict.status in ("graded", "repaired")
    parts = [f"{wording.result(verdict)}: {wording.mistake(verdict.codes[0], verdict.exercise)}." if judged and verdict.codes else f"{wording.result(verdict)}.", *verdict.messages]
    if cell.manual:
        parts = ["Marked by your instructor.", *(parts if verdict.status != "needs_review" and not verdict.is_written else ())]
    if cell.penalty:
        parts.append(f"Late: {cell.penalty:.0%} of the points were taken off.")
    return " ".join([*parts, cell.comment]).strip()


def main(argv: list[str] | None = None) -> int:
    """Write exports of a graded class; 0 when they are written."""
    parser = argparse.ArgumentParser(prog="python -m autograder export", description="Write the grades in OUT as files that an LMS takes in.")
    parser.add_argument("out", metavar="OUT", type=Path, help="the folder that `grade` has written")
    parser.add_argument("kinds", metavar="LMS", nargs="+", choices=KINDS, help=", ".join(KINDS))
    parser.add_argument("--roster", metavar="CSV", type=Path, help="the LMS's own export of the class, for its names and ids")
    parser.add_argument("--db", metavar="URL", default="", help="gradebook of nbgrader, as postgresql://... (default: OUT/gradebook.db)")
    arguments = parser.parse_args(argv)
    try:
        for path in write(arguments.out, tuple(arguments.kinds), arguments.roster, arguments.db):
            print(path)
    except (NoGrades, roster.BadRoster) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
