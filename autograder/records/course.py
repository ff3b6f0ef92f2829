"""The nbgrader course directory that a grading run writes: source, release, submitted, autograded, feedback, gradebook.

nbgrader's own parts do the work (see `conversion` and `gradebook`). The place where stock nbgrader would execute a
submission is taken by `autograder.records.recording.RecordVerdicts`, also where stock commands are used on the directory.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from .. import files
from ..assignment import Assignment, load
from ..judging.verdicts import Verdict
from ..judging.written import marked
from ..submissions import lateness
from ..submissions.lateness import Lateness
from .conversion import Converted, convert, feedback, mark_of, unanswered
from .gradebook import Book, sqlite
from .recording import RecordVerdicts

COURSE = "default_course"  # the one that nbgrader makes in a gradebook
# Lets stock commands and formgrader work on the directory without running a student's code or showing a hidden test.
_CONFIG = '''\
# Written by `python -m autograder grade`. Open this folder with `jupyter lab` for formgrader, or use `nbgrader` in it.
import importlib.util
import os

root = os.path.dirname(os.path.abspath(__file__))
c = get_config()
c.CourseDirectory.root = root
if importlib.util.find_spec("autograder"):
    c.RecordVerdicts.root = root
    c.Autograde.autograde_preprocessors = [
        "autograder.records.recording.RecordVerdicts",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "autograder.records.recording.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
'''


def key_of(student: str) -> str:
    """The student's id as nbgrader and file systems take it: itself where it is plain, else cleaned, with a mark of its own."""
    clean = re.sub(r"[^\w.@ '+,=-]+", "_", student)[:80].strip("._ ")
    if clean == student:
        return student
    return f"{clean or 'student'}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


class Course:
    """A course directory, written by one process alone.

    out: its folder, made where there is none; policy: what late submissions cost, see `lateness.policy`; db: URL of the
    gradebook, "" for gradebook.db in it. Raises OSError where it cannot be written, gradebook.NoGradebook in one sentence.
    """

    def __init__(self, out: Path, policy: Config | None = None, db: str = ""):
        self.out, self._policy = Path(out).resolve(), policy or lateness.policy("")
        self.out.mkdir(parents=True, exist_ok=True)
        self.url = db or sqlite(self.out / "gradebook.db")
        self._log = _logger(self.out / "nbgrader.log")
        self._book = Book(self.url, self._policy, self._log)
        settings = self.out / "nbgrader_config.py"
        files.write(settings, _CONFIG + (f"c.CourseDirectory.db_url = {db!r}\nc.CourseDirectory.course_id = {COURSE!r}\n" if db else "") + lateness.as_lines(self._policy))
        settings.chmod(0o600 if db else 0o644)  # the URL of a database may hold a password

    def close(self) -> None:
        """Let go of the gradebook."""
        self._book.close()

    def prepare(self, notebooks: dict[str, nbformat.NotebookNode]) -> list[Assignment]:
        """Write the instructor's notebooks by stem, make the release of each and enter it into the gradebook.

        Raises RuntimeError in one sentence where submissions of another release are in the gradebook already.
        """
        for stem, notebook in notebooks.items():
            source = self.out / "source" / stem / f"{stem}.ipynb"
            text = nbformat.writes(notebook) + "\n"
            release = self.out / "release" / stem / f"{stem}.ipynb"
            if source.is_file() and release.is_file() and source.read_text(encoding="utf-8") == text:
                continue
            files.write(source, text)
            try:
                self._release(stem)
            except Exception as error:
                source.unlink()
                raise RuntimeError(
                    f"nbgrader cannot enter {stem} into {self.out}: if the notebook's graded cells have changed since that folder was made, "
                    f"please choose another --out; details are in {self.out / 'nbgrader.log'}."
                ) from error
        return [load(self.out, stem) for stem in notebooks]

    def entered(self, key: str, stem: str) -> str:
        """The mark of what is entered of one notebook (see `conversion.mark_of`), "" where it is nothing or has been taken away since."""
        made = (self.out / "autograded" / key / stem / f"{stem}.ipynb", self.out / "feedback" / key / stem / f"{stem}.html")
        try:
            return self._done(key, stem).read_text(encoding="utf-8").partition("\n")[0] if all(path.is_file() for path in made) else ""
        except OSError:
            return ""

    def record(self, student: str, key: str, one: Assignment, text: str, verdicts: list[Verdict], made: Converted | None = None, late: Lateness = Lateness()) -> None:
        """Enter the verdicts on one notebook into submitted/, autograded/, feedback/ and the gradebook.

        student, key: the id and its safe form; text: the rebuilt notebook, "" where none was handed in; made: what
        `conversion.convert` made of it, where that has been done already; late: when it was due and came in.
        Raises what nbgrader's preprocessors raise for a notebook that they do not take.
        """
        stem, mark = one.stem, f"{mark_of(text, verdicts)}\n{late!r} {self._policy!r}"
        if not text:
            self.withdraw(key, stem)
            return
        if self.entered(key, stem) and self._done(key, stem).read_text(encoding="utf-8") == mark and self._book.holds(key, stem):
            self._book.correct(student, key, stem, verdicts)
            if any(verdict.is_written for verdict in verdicts):  # a person may have given points since
                text = (self.out / "autograded" / key / stem / f"{stem}.ipynb").read_text(encoding="utf-8")
                self._put("feedback", key, stem, ".html", feedback(text, self._book.grades(key, stem), key, stem), 0o644)
            return
        self._done(key, stem).unlink(missing_ok=True)
        made = made or convert(text, verdicts, one, key)
        files.write(self.out / "submitted" / key / stem / f"{stem}.ipynb", text)
        self._write_timestamp(key, stem, late)
        RecordVerdicts.write(self.out, key, stem, verdicts)
        marks = self.out / "cache" / key / f"{stem}.marks"
        grades = self._book.enter(student, key, stem, verdicts, unanswered(made.autograded), late, _read(marks))
        marks.unlink(missing_ok=True)
        page = made.page if grades == made.grades else feedback(made.autograded, grades, key, stem)
        self._put("autograded", key, stem, ".ipynb", made.autograded, 0o444)  # read-only, as nbgrader leaves it
        self._put("feedback", key, stem, ".html", page, 0o644)
        files.write(self._done(key, stem), mark)

    def by_hand(self, key: str, stem: str, verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts with the points that a person has given for answers in words."""
        return marked(verdicts, self._book.marks(key, stem)) if any(verdict.is_written for verdict in verdicts) else verdicts

    def withdraw(self, key: str, stem: str) -> bool:
        """Forget a notebook that is no longer handed in, so that no earlier score stays; what a person entered is kept for its return.

        Returns whether there was anything to forget.
        """
        there = self._book.holds(key, stem)
        if marks := self._book.withdraw(key, stem):
            files.write(self.out / "cache" / key / f"{stem}.marks", json.dumps(marks, indent=1))
        for step in ("submitted", "autograded", "feedback"):
            _remove(self.out / step / key / stem)
        for path in (self.out / "verdicts" / key / f"{stem}.json", self._done(key, stem)):
            path.unlink(missing_ok=True)
        return there

    def graded(self, stems: Iterable[str]) -> set[str]:
        """Keys of the students who have a submission of one of these notebooks in the gradebook."""
        return self._book.students(stems)

    def forget(self, key: str, stems: Iterable[str]) -> None:
        """Withdraw everything of a student, the pages too."""
        for stem in stems:
            self.withdraw(key, stem)
        _remove(self.out / "feedback" / key)

    def _done(self, key: str, stem: str) -> Path:
        return self.out / "cache" / key / f"{stem}.done"

    def _put(self, step: str, key: str, stem: str, ending: str, text: str, mode: int) -> None:
        path = self.out / step / key / stem / f"{stem}{ending}"
        files.write(path, text)
        path.chmod(mode)

    def _write_timestamp(self, key: str, stem: str, late: Lateness) -> None:
        """The file that nbgrader's own autograde reads; the students' own is not copied."""
        timestamp = self.out / "submitted" / key / stem / "timestamp.txt"
        if late.timestamp:
            files.write(timestamp, late.timestamp)
        else:
            timestamp.unlink(missing_ok=True)

    def _release(self, stem: str) -> None:
        config = Config()
        config.CourseDirectory.root = str(self.out)
        config.CourseDirectory.assignment_id = stem
        config.CourseDirectory.db_url = self.url
        if not self.url.startswith("sqlite:"):  # other databases insist that the course is there
            config.CourseDirectory.course_id = COURSE
        config.BaseConverter.force = True
        here = os.getcwd()
        try:
            GenerateAssignment(coursedir=CourseDirectory(config=config, log=self._log), config=config, log=self._log).start()
        finally:
            os.chdir(here)


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in path.rglob("*"):
            inner.chmod(0o700 if inner.is_dir() else 0o600)  # nbgrader writes them read-only
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _logger(path: Path) -> logging.Logger:
    """A logger that writes nbgrader's own words to a file, and nothing to the screen."""
    logger = logging.Logger("nbgrader", logging.INFO)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
