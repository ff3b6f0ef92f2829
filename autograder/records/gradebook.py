"""nbgrader's gradebook, kept open by the one process that writes it: verdicts go in, grades with manual marks come out.

nbgrader opens the database anew for every notebook and step; most of its time goes into that.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from alembic.script import ScriptDirectory
from nbgrader.api import Assignment, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets.config import Config

from ..judging.verdicts import Verdict
from ..judging.written import Mark
from ..submissions import lateness
from ..submissions.lateness import Lateness
from .conversion import NO_ANSWER, Grades

WAIT_SECONDS = 60  # for formgrader or another tool to let go of an SQLite file


class NoGradebook(Exception):
    """The database cannot be used; the message says in one sentence what to do."""


class Book:
    """The gradebook of a course directory.

    url: as SQLAlchemy takes it; policy: what late submissions cost, see `lateness.policy`. Raises NoGradebook.
    """

    def __init__(self, url: str, policy: Config, log: logging.Logger):
        self.url, self._policy, self._log = url, policy, log
        address = f"{url}?timeout={WAIT_SECONDS}" if url.startswith("sqlite:") and "?" not in url else url
        try:
            _enter_version(address)
            self._book = Gradebook(address)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise NoGradebook(f"The gradebook {_hidden(url)} cannot be opened ({_first_line(error)}): please check --db.") from error

    def close(self) -> None:
        """Let go of the database."""
        self._book.close()

    def enter(
        self, student: str, key: str, stem: str, verdicts: list[Verdict], unanswered: Mapping[str, bool], late: Lateness, marks: dict | None = None
    ) -> Grades:
        """Make the gradebook hold exactly the verdicts on one notebook, and return what it then says.

        unanswered: solution cell -> whether it is as it was released; marks: of a person, from `withdraw`, to put back.
        Manual marks and comments stay; where there is a manual mark, a person has to look at it again.
        """
        with _quiet():
            self._book.update_or_create_student(key, lms_user_id=student)
            lateness.enter(self._book, stem, key, late)
            notebook = self._book.find_submission_notebook(stem, stem, key)
            by_exercise = {verdict.exercise: verdict for verdict in verdicts}
            grades, comments = {grade.name: grade for grade in notebook.grades}, {comment.name: comment for comment in notebook.comments}
            for name, values in (marks or {}).items():
                for attribute, value in values.items():
                    cell = (comments if attribute == "manual_comment" else grades).get(name)
                    if cell is not None:
                        setattr(cell, attribute, value)
            for name, grade in grades.items():
                verdict = by_exercise[name]
                grade.auto_score = _score(verdict)
                grade.needs_manual_grade = grade.manual_score is not None or verdict.status == "needs_review"
            for name, comment in comments.items():
                comment.auto_comment = NO_ANSWER if unanswered.get(name) else None
            self._book.db.commit()
            self._penalise(notebook, stem, key)
            return self._grades(notebook)

    def correct(self, student: str, key: str, stem: str, verdicts: list[Verdict]) -> None:
        """Make the scores what the verdicts say, where another hand has changed them since; nothing else."""
        with _quiet():
            self._book.update_or_create_student(key, lms_user_id=student)
            by_exercise = {verdict.exercise: _score(verdict) for verdict in verdicts}
            for grade in self._book.find_submission_notebook(stem, stem, key).grades:
                had, expected = grade.auto_score, by_exercise[grade.name]
                if had != expected and (had is None or expected is None or abs(had - expected) > 1e-9):
                    self._log.warning("%s %s %s: the gradebook had %s, the verdict is %s", key, stem, grade.name, had, expected)
                    grade.auto_score = expected
            self._book.db.commit()

    def marks(self, key: str, stem: str) -> dict[str, Mark]:
        """What a person has entered in one notebook, by cell; {} where it is not in the gradebook."""
        with _quiet():
            try:
                notebook = self._book.find_submission_notebook(stem, stem, key)
            except MissingEntry:
                return {}
            comments = {comment.name: comment.manual_comment or "" for comment in notebook.comments}
            found = {
                grade.name: Mark(max(0.0, grade.manual_score + (grade.extra_credit or 0.0)), comments.get(grade.name, ""), bool(grade.needs_manual_grade))
                for grade in notebook.grades
                if grade.manual_score is not None
            }
            self._book.db.commit()
            return found

    def grades(self, key: str, stem: str) -> Grades:
        """What the gradebook says of one notebook."""
        with _quiet():
            return self._grades(self._book.find_submission_notebook(stem, stem, key))

    def holds(self, key: str, stem: str) -> bool:
        """Whether there is a submission of this student for this notebook."""
        try:
            self._book.find_submission(stem, key)
        except MissingEntry:
            return False
        return True

    def students(self, stems: Iterable[str]) -> set[str]:
        """Keys of the students who have a submission of one of these notebooks."""
        query = self._book.db.query(SubmittedAssignment.student_id).join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        found = {key for (key,) in query.filter(Assignment.name.in_(list(stems))).distinct()}
        self._book.db.commit()
        return found

    def withdraw(self, key: str, stem: str) -> dict:
        """Take a submission out, so that no earlier score stays; returns what a person had entered, by cell."""
        with _quiet():
            try:
                notebook = self._book.find_submission_notebook(stem, stem, key)
            except MissingEntry:
                self._book.update_or_create_student(key)
                return {}
            marks = {grade.name: {"manual_score": grade.manual_score, "extra_credit": grade.extra_credit} for grade in notebook.grades}
            marks |= {comment.name: {"manual_comment": comment.manual_comment} for comment in notebook.comments}
            self._book.remove_submission(stem, key)
        kept = {name: {attribute: value for attribute, value in values.items() if value is not None} for name, values in marks.items()}
        return {name: values for name, values in kept.items() if values}

    def _penalise(self, notebook: SubmittedNotebook, stem: str, key: str) -> None:
        """Let nbgrader's late policy say what lateness costs; it asks the database itself, so only the late are asked about."""
        if not notebook.late_submission_penalty and notebook.assignment.total_seconds_late <= 0:
            self._book.db.commit()
            return
        self._book.db.commit()
        resources = {"nbgrader": {"student": key, "assignment": stem, "notebook": stem, "db_url": self.url}}
        AssignLatePenalties(config=self._policy, log=self._log).preprocess(nbformat.v4.new_notebook(), resources)
        self._book.db.expire_all()

    def _grades(self, notebook: SubmittedNotebook) -> Grades:
        grades = Grades(
            {grade.name: (grade.score, grade.max_score) for grade in notebook.grades},
            {comment.name: comment.comment for comment in notebook.comments},
            notebook.score,
            notebook.max_score,
            notebook.late_submission_penalty or 0.0,
        )
        self._book.db.commit()
        return grades


def _score(verdict: Verdict) -> float | None:
    """What the grader itself gives: None, not 0, for an answer in words that waits for a person, as nbgrader has it."""
    return None if verdict.is_unread else verdict.points


def sqlite(path: Path) -> str:
    """The URL of a gradebook in a file."""
    return f"sqlite:///{path}"


def _enter_version(url: str) -> None:
    """Write into an empty database which version of nbgrader's tables it is about to have; nbgrader starts a process to find out."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                version = ScriptDirectory(ALEMBIC_DIR).get_current_head()
                connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
                connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:version)"), {"version": version})
    finally:
        engine.dispose()


def _quiet() -> warnings.catch_warnings:
    """Without SQLAlchemy's warnings about nbgrader's own queries, on objects that it has not added yet."""
    return warnings.catch_warnings(action="ignore", category=SAWarning)


def _hidden(url: str) -> str:
    """The URL without a password."""
    head, at, rest = url.rpartition("@")
    return f"{head.split('://')[0]}://...@{rest}" if at else url


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
