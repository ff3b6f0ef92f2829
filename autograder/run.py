"""One run over a class: takes in what the instructor gave, grades each student, and writes what people read."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from tqdm.auto import tqdm

from helpers import data

from . import pool
from .asked import Asked, among
from .building.build import source_notebook
from .containment import sandbox
from .job import entered
from .judging.running import save_digits
from .judging.verdicts import Verdict
from .judging.worker import Task
from .options import CannotGrade, Options
from .pages import feedback, report
from .processes import Workers
from .records import gradebook, ledger, tables
from .records.course import Course, key_of
from .submissions import lateness, lms, releases

# What stops a run before it has begun; each says in one sentence what to do.
REFUSALS = (ledger.Busy, gradebook.NoGradebook, RuntimeError, ValueError, OSError)


class Run:
    """What a run over a class needs, then what it does with each result.

    asked: the class and what else was looked up; out, course: as `grade.grade` takes them; scratch: a folder for what nobody
    keeps; workers: that grade, None where a cluster does. Raises CannotGrade or one of REFUSALS.
    """

    def __init__(self, asked: Asked, out: Path, course: Path, options: Options, scratch: Path, workers: Workers | None):
        self.options, self.scratch, self.submissions, self.workers = options, scratch, asked.submissions, workers
        self.students, self.notes, self.stems = asked.students, list(asked.notes), asked.stems
        self.directory = Course(out, lateness.policy(options.late_policy), options.db or ledger.database(out))
        self.out = self.directory.out
        self.assignments = {one.stem: one for one in self.directory.prepare({stem: source_notebook(stem, course) for stem in self.stems})}
        exercises = [exercise.grade_id for one in self.assignments.values() for exercise in one.exercises]
        again = among(options.exercises, exercises, "no exercise called {}") or (exercises if options.only else [])
        self.notes += releases.prepare(self.out, course, list(self.assignments.values()))
        self.before = ledger.last(self.out)
        settings = {"timeout": options.timeout, "jobs": options.at_a_time, "sandbox": asked.sandbox, "late_policy": options.late_policy, "db": options.db or ledger.database(out)}
        self.run = ledger.begin(self.out, **settings)
        self.late, self.keys = lateness.of_class(self.students), lms.keys([one.id for one in self.students], key_of)
        self.who = {one.id: {"name": one.name, "email": one.email, "lms_id": one.lms_id} for one in self.students}
        digits, digits_id = _digits([one.folder for one in asked.to_grade], scratch)
        more = {"sandbox": asked.sandbox, "limits": asdict(sandbox.Limits()), "exercises": tuple(again)}
        self.tasks = [
            Task(one.id, self.keys[one.id], str(one.folder), str(self.out), self.stems, self.run["secret"], self.run["grader"], options.timeout, digits, digits_id, str(scratch), late=one.late_seconds, **more)
            for one in asked.to_grade
        ]  # fmt: skip
        self.results: list[dict] = []
        self.troubles = list(self.notes)

    def grade(self) -> list[dict]:
        """Grade, and write everything; the results of the class."""
        try:
            for note in self.notes:
                print(note, file=sys.stderr)
            for result in _shown(self._judged(), len(self.tasks)):
                self._record(result)
            self._withdraw()
            return self._finish()
        finally:
            self.directory.close()

    def _judged(self) -> Iterator[tuple[Task, dict]]:
        done = {task.key: {stem: self.directory.entered(task.key, stem) for stem in self.stems} for task in self.tasks}
        if self.options.scheduler:
            from . import cluster  # Dask is an extra

            try:
                yield from cluster.grade_all(self.tasks, list(self.assignments.values()), self.options.scheduler, done)
            except cluster.NoCluster as error:
                raise CannotGrade(str(error)) from error
        else:
            yield from pool.grade_all(self.tasks, list(self.assignments.values()), self.run["jobs"], done, self.workers)

    def _record(self, result: dict) -> None:
        student, key = result["student"], result["key"]
        for stem, record in result["notebooks"].items():
            verdicts = entered(record)
            record["verdicts"] = [Verdict.from_json(data) for data in record["verdicts"]]
            try:
                self.directory.record(student, key, self.assignments[stem], record["notebook"], verdicts, record.pop("converted", None), self.late[student])
            except Exception as error:  # noqa: BLE001  nbgrader's troubles with one notebook never stop the others
                reason = (str(error).strip().splitlines() or [""])[0]
                self.troubles.append(f"{student}, {stem}: the gradebook does not have it ({type(error).__name__}: {reason}).")
            record["verdicts"] = self.directory.by_hand(key, stem, record["verdicts"])
            feedback.write(self.out, key, student, stem, record, record["verdicts"], result["notes"])
        result |= self.who[student]
        feedback.write_index(self.out, result)
        self.troubles += [f"{student}: {text}" for text in result.get("troubles", [])]
        self.results.append(result)

    def _withdraw(self) -> None:
        """Take out who is no longer among the submissions: no score stays that nobody can see the reason of."""
        present = set(self.keys.values())
        for key in self.directory.graded(self.stems) - present:
            self.directory.forget(key, self.stems)
            student = self.run.get("students", {}).get(key, key)
            self.troubles.append(f"{student} was graded before and is not in {self.submissions} now: the grades are withdrawn, and manual marks come back with the submission.")
            print(self.troubles[-1], file=sys.stderr)

    def _finish(self) -> list[dict]:
        judged = {result["student"] for result in self.results}
        self.results += [self.before[one.id] for one in self.students if one.id not in judged and one.id in self.before]
        self.results.sort(key=lambda result: result["student"])
        self.run["changes"] = ledger.changes(self.before, self.results)
        self.run["memory"] = f"{max((result.get('memory', 0) for result in self.results), default=0) / 2**20:.0f} MB at most in a worker"
        self.run["troubles"] = self.troubles
        tables.write_csv(self.out / "grades.csv", self.results)
        report.write(self.out, self.results, self.troubles, self.run)
        ledger.finish(self.out, self.run, self.results)
        if self.options.exports:
            from .pages import exports

            exports.write(self.out, self.options.exports, self.options.roster, self.run["db"])
        if self.run["changes"]:
            print(f"{len(self.run['changes'])} grades changed since the last run:", *map(ledger.sentence, self.run["changes"]), sep="\n  ")
        return self.results


def _shown(results: Iterable[tuple[Task, dict]], students: int) -> Iterator[dict]:
    """The results as they come, with a progress bar; where nobody is watching, one line at the end."""
    start, notebooks, done = time.monotonic(), 0, 0
    with tqdm(total=students, desc="grading", unit="student", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
        for _, result in results:
            yield result
            done, notebooks = done + 1, notebooks + sum(record["state"] == "found" for record in result["notebooks"].values())
            bar.set_postfix_str(f"{notebooks} notebooks", refresh=False)
            bar.update()
    if not sys.stderr.isatty():
        seconds = time.monotonic() - start
        print(f"{done}/{students} students, {notebooks} notebooks in {seconds:.0f} s ({notebooks / max(seconds, 0.01):.1f} a second).", file=sys.stderr)


def _digits(folders: list[Path], scratch: Path) -> tuple[dict[str, tuple[str, str]], str]:
    """Files of the digits that checkpoints are measured on, by source, where any can have been handed in; and what they are."""
    if not any(_may_hold_checkpoints(path) for folder in folders for path in folder.rglob("*")):
        return {}, ""
    try:
        own = data.digits()
    except data.DataError as error:
        print(f"{error} Checkpoints are measured on the offline digits.", file=sys.stderr)
        own = _offline()
    made = {"": save_digits(own, scratch)}
    made["MNIST-5k"] = made[""] if own.source == "MNIST-5k" else save_digits(_offline(), scratch)
    return made, own.source


def _may_hold_checkpoints(path: Path) -> bool:
    if path.suffix.lower() != ".ipynb" or path.is_symlink() or not path.is_file():
        return path.suffix.lower() in (".ckpt", ".zip")
    with open(path, "rb") as file:
        return file.read(2) == b"PK"  # a zip under a notebook's name


def _offline():
    before = os.environ.get("VIT_DATA")
    os.environ["VIT_DATA"] = "MNIST-5k"
    try:
        return data.digits()
    finally:
        os.environ.pop("VIT_DATA") if before is None else os.environ.update(VIT_DATA=before)
