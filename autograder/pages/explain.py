"""`python -m autograder explain STUDENT EXERCISE`: prints what a verdict rests on, for the office hour."""

from __future__ import annotations

import argparse
import difflib
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import torch

from helpers import NAMES

from ..judging import kept
from ..records import ledger
from ..records.scores import Cell, NoGrades, Person, load
from . import wording
from .feedback import duration, mark


class NotFound(Exception):
    """There is no such student or exercise; the message says in one sentence what there is."""


def explain(out: Path, student: str, exercise: str = "", db: str = "", full: bool = False) -> str:
    """The evidence for one verdict as text, for all verdicts of the student where `exercise` is "".

    student: an id, a name, or the part of one that only one student has; exercise: a grade_id, a title or a notebook; full: every value
    that was asked and came back.
    Raises scores.NoGrades or NotFound in one sentence.
    """
    person = _person(load(out, db), student)
    cells = _cells(person, exercise)
    run = ledger.read(Path(out) / "run.json")
    parts = [line for cell in cells for line in (*_one(Path(out), person, cell, run, full), "")]
    return wording.plain("\n".join(parts).rstrip("\n")) + "\n"


# ---------------------------------------------------------------------------------------------------- who and what is meant


def _person(people: list[Person], asked: str) -> Person:
    wanted = asked.casefold().strip()
    exact = [p for p in people if p.student == asked]
    same = [p for p in people if wanted in (p.student.casefold(), p.key.casefold(), p.name.casefold())]
    part = [p for p in people if wanted and any(wanted in text.casefold() for text in (p.student, p.key, p.name))]
    found = exact or same or part
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{asked!r} could be {_listed([p.student for p in found])}: please give the whole id.")
    near = difflib.get_close_matches(wanted, [p.student.casefold() for p in people], n=3, cutoff=0.5)
    hint = f"did you mean {_listed([p.student for p in people if p.student.casefold() in near])}?" if near else "the ids stand in grades.csv."
    raise NotFound(f"There is no student {asked!r}: {hint}")


def _cells(person: Person, asked: str) -> list[Cell]:
    if not asked:
        return person.cells
    wanted = asked.casefold().replace(" ", "_").replace("-", "_").removesuffix(".ipynb")

    def names(cell: Cell) -> tuple[str, ...]:
        return cell.verdict.exercise.casefold(), cell.verdict.title.casefold().replace(" ", "_"), cell.stem.casefold()

    for fits in (lambda text: text == wanted, lambda text: text.startswith(wanted), lambda text: wanted in text):
        found = [cell for cell in person.cells if any(fits(text) for text in names(cell))]
        if found:
            return found
    raise NotFound(f"There is no exercise {asked!r}: please give one of {_listed([cell.verdict.exercise for cell in person.cells], 99)}.")


def _listed(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


# ---------------------------------------------------------------------------------------------------------- the evidence


def _one(out: Path, person: Person, cell: Cell, run: dict, full: bool) -> Iterator[str]:
    verdict, record = cell.verdict, person.about["notebooks"][cell.stem]
    evidence = kept.read(out, person.key, cell.stem, verdict.exercise)
    yield f"{verdict.title} ({verdict.exercise}) · {cell.stem} · {person.student}{f' ({person.name})' if person.name else ''}"
    yield f"  points    {wording.number(verdict.points)} of {wording.number(verdict.max_points)}"
    if cell.points is None:
        yield "  counts    nothing yet: enter the points in formgrader"
    elif cell.manual or cell.penalty:
        why = [text for text in ("entered by hand" if cell.manual else "", f"{cell.penalty:.0%} taken off for lateness" if cell.penalty else "") if text]
        yield f"  counts    {wording.number(cell.points)} in the gradebook ({', '.join(why)}){f': {cell.comment}' if cell.comment else ''}"
    yield f"  status    {verdict.status}: {wording.STATUSES[verdict.status][1]}"
    for code in verdict.codes:
        yield f"  mistake   {code}: {wording.mistake(code, verdict.exercise)}"
    for finding in verdict.findings:
        yield f"  finding   {finding}{f': {wording.flag(finding)}' if finding.startswith('flag_') else ''}"
    for message in verdict.messages:
        yield f"  told      {message}"
    for sentence in record.get("flags") or (evidence.about.get("flags", ()) if evidence else ()):
        yield f"  flag      {sentence}"
    for sentence in record.get("repairs", ()):
        yield f"  repair    {sentence}"
    for sentence in person.about["notes"]:
        yield f"  note      {sentence}"
    if record.get("late"):
        yield f"  late      {duration(record['late']) or 'less than a minute'}"
    if verdict.rungs:
        yield "  checks"
        for claim, holds in verdict.rungs:
            yield f"    {'+' if holds else '-'} {claim}"
    if evidence is None:
        yield "  evidence  a person reads this answer" if verdict.is_written else "  evidence  none is kept for this cell"
    else:
        yield from _numbers(evidence, full)
    yield from _code(out, person, cell, record)
    yield from _again(person, cell, evidence, record, run)


def _numbers(evidence: kept.Kept, full: bool) -> Iterator[str]:
    """What was asked, what came back, and where a right answer to the same questions differs."""
    outcome = evidence.about.get("outcome") or {}
    if outcome:
        yield f"  run       {outcome.get('state', '')} {outcome.get('name', '')} {wording.one_line(outcome.get('text', ''), 300)}".rstrip()
    if full:
        yield from _all("asked", evidence.about.get("given") or {})
    seen = evidence.about.get("seen") or {}
    if not seen:
        yield "  came back nothing"
        return
    found = [] if evidence.verdict.passed else list(_differences(evidence))
    if found:
        yield f"  compared  {len(found)} of the {len(seen)} values that came back differ from what our right answer gives (not every difference is a mistake):"
        yield from (f"    {line}" for line in found)
    if full:
        yield from _all("came back", seen)
    else:
        yield f"  came back {len(seen)} values, to {len(evidence.about.get('given') or {})} that were asked; --full lists them"


def _all(title: str, values: dict) -> Iterator[str]:
    yield f"  {title}"
    yield from (f"    {name:24} {_told(value)}" for name, value in values.items())


def _told(value) -> str:
    """One value of the evidence in a line."""
    if isinstance(value, dict):
        numbers = " ".join(f"{name} {value[name]:.4g}" for name in ("min", "mean", "max") if name in value)
        return f"{value.get('shape')} {value.get('dtype')} {numbers}".rstrip()
    return wording.one_line(repr(value), 160)


def _differences(evidence: kept.Kept) -> Iterator[str]:
    """Where the answer differs from our right one to the same questions; only what does not hang on anybody's weights."""
    for name, expected in _right_answer(evidence).items():
        got = evidence.seen.get(name)
        if name not in evidence.about["seen"]:
            yield f"{name:24} nothing, expected {_told(kept.summary(expected))}"
        elif isinstance(got, torch.Tensor) and isinstance(expected, torch.Tensor) and got.shape == expected.shape and got.dtype == expected.dtype:
            wrong = ~torch.isclose(got.double(), expected.double(), rtol=1e-3, atol=1e-4, equal_nan=True)
            if wrong.any():
                first = tuple(int(place) for place in wrong.nonzero()[0])
                yield f"{name:24} {list(got.shape)}: {int(wrong.sum())} of {wrong.numel()} numbers; the first at {list(first)}: {got[first].item():.5g}, expected {expected[first].item():.5g}"
        elif not _same(got, expected):
            yield f"{name:24} {_told(evidence.about['seen'][name])}, expected {_told(kept.summary(expected))}"


def _same(one, other) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and one.dtype == other.dtype and torch.allclose(one.double(), other.double(), rtol=1e-3, atol=1e-4, equal_nan=True)
    return type(one) is type(other) and one == other


def _right_answer(evidence: kept.Kept) -> dict:
    """What our own right answer gives to the questions that the student's code was asked; {} where it cannot be had.

    What changes when its weights are drawn again is left out: nobody else's weights are the same.
    """
    try:
        from helpers import checks, standins

        exercise = evidence.about["exercise"]
        answer = standins.get(exercise)
        again = evidence.given | {name: value + 1 for name, value in evidence.given.items() if name == "draw"}
        runs = []
        for number, given in enumerate((evidence.given, again)):
            torch.manual_seed(number)
            runs.append(checks.observe(exercise, answer, given))
        first, second = runs
        if any(name in first for name in ("timeout", "crash")):
            return {}
        return {name: value for name, value in first.items() if name in second and _same(value, second[name]) and not name.startswith(("standin", "builtin"))}
    except Exception:  # noqa: BLE001  a comparison is a help, never a reason to print nothing
        return {}


def _code(out: Path, person: Person, cell: Cell, record: dict) -> Iterator[str]:
    path = out / "submitted" / person.key / cell.stem / f"{cell.stem}.ipynb"
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception:  # noqa: BLE001  there is no notebook
        return
    for number, one in enumerate(cells, 1):
        if one.metadata.get("nbgrader", {}).get("grade_id") in (f"{cell.verdict.exercise}_solution", cell.verdict.exercise) and one.metadata.nbgrader.get("solution"):
            full = hashlib.sha256(one.source.encode("utf-8", "surrogatepass")).hexdigest()
            yield f"  code      cell {number} of {path}, handed in as {record.get('path') or cell.stem}; mark {mark(one.source)} (sha256 {full})"
            yield from (f"    | {line}" for line in one.source.splitlines())


def _again(person: Person, cell: Cell, evidence: kept.Kept | None, record: dict, run: dict) -> Iterator[str]:
    about = evidence.about if evidence else {}
    facts = {"seed": about.get("seed"), "grader": about.get("version") or run.get("grader"), "release": record.get("release") or run.get("release"), "graded": run.get("finished")}
    facts |= run.get("versions", {}) if isinstance(run.get("versions"), dict) else {}
    yield "  made with " + ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, ""))
    if about.get("seed") is not None and cell.verdict.exercise in NAMES:
        yield f"  inputs    helpers.checks.inputs({cell.verdict.exercise!r}, {about['seed']}) makes the same questions again"
    yield f"  again     python -m autograder grade SUBMISSIONS_DIR --out OUT --only {person.student!r} --exercise {cell.verdict.exercise}"


def main(argv: list[str] | None = None) -> int:
    """Print the evidence; 0 where there is some."""
    parser = argparse.ArgumentParser(prog="python -m autograder explain", description="Print what a verdict rests on.")
    parser.add_argument("student", metavar="STUDENT", help="an id, a name, or a part of one that only one student has")
    parser.add_argument("exercise", metavar="EXERCISE", nargs="?", default="", help="as in grades.csv, or the name of a notebook")
    parser.add_argument("--full", action="store_true", help="every value that was asked and came back")
    parser.add_argument("--all", action="store_true", help="every exercise of the student")
    parser.add_argument("--out", metavar="OUT", type=Path, default=Path("."), help="the folder that `grade` has written (default: the current folder)")
    parser.add_argument("--db", metavar="URL", default="", help="gradebook of nbgrader, as postgresql://... (default: OUT/gradebook.db)")
    arguments = parser.parse_args(argv)
    if not arguments.exercise and not arguments.all:
        print("Please name an exercise, or ask for all of them with --all.", file=sys.stderr)
        return 2
    try:
        print(explain(arguments.out, arguments.student, "" if arguments.all else arguments.exercise, arguments.db, arguments.full), end="")
    except (NoGrades, NotFound) as error:
        print(error, file=sys.stderr)
        return 2
    return 0
