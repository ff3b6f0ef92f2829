"""The nbgrader course directory that a grading run writes: source, release, submitted, autograded, feedback, gradebook.

nbgrader's own converters do the work. The place where stock nbgrader would execute a submission is taken by
`autograder.recording.RecordVerdicts`, through the trait that nbgrader has for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import sys
import warnings
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, GetGrades, LimitOutput, SaveAutoGrades
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from . import files
from .assignment import Assignment, load
from .recording import HideTests, RecordVerdicts
from .verdicts import Verdict

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
        "autograder.recording.RecordVerdicts",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "autograder.recording.HideTests",
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

    out: its folder, made where there is none. Raises OSError where it cannot be written.
    """

    def __init__(self, out: Path):
        self.out = Path(out).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        files.write(self.out / "nbgrader_config.py", _CONFIG)
        self._log = _logger(self.out / "nbgrader.log")
        self._create()

    def _create(self) -> None:
        """Make the gradebook. nbgrader asks the command `alembic` for its version, which lies beside this Python."""
        before = os.environ.get("PATH", "")
        os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), before])
        try:
            Gradebook(self.url).close()
        finally:
            os.environ["PATH"] = before

    @property
    def url(self) -> str:
        return f"sqlite:///{self.out / 'gradebook.db'}"

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
                self._convert(GenerateAssignment, stem)
            except Exception as error:
                source.unlink()
                raise RuntimeError(
                    f"nbgrader cannot enter {stem} into {self.out}: if the notebook's graded cells have changed since that folder was made, "
                    f"please choose another --out; details are in {self.out / 'nbgrader.log'}."
                ) from error
        return [load(self.out, stem) for stem in notebooks]

    def record(self, student: str, key: str, stem: str, text: str, verdicts: list[Verdict]) -> list[str]:
        """Enter the verdicts on one notebook into submitted/, autograded/, feedback/ and the gradebook.

        student, key: the id and its safe form; text: the rebuilt notebook, "" where none was handed in. Returns what
        nbgrader could not do, one sentence each; the gradebook then holds the verdicts all the same.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own queries, about objects it has not added yet
            return self._record(student, key, stem, text, verdicts)

    def _record(self, student: str, key: str, stem: str, text: str, verdicts: list[Verdict]) -> list[str]:
        done = self.out / "cache" / key / f"{stem}.done"
        content = hashlib.sha256(json.dumps([text, [verdict.to_json() for verdict in verdicts]]).encode()).hexdigest()
        if text and self._is_done(done, content, key, stem):
            self._verify(student, key, stem, verdicts, flags=False)
            return []
        done.unlink(missing_ok=True)
        if not text:
            self._withdraw(key, stem)
            return []
        troubles = []
        files.write(self.out / "submitted" / key / stem / f"{stem}.ipynb", text)
        RecordVerdicts.write(self.out, key, stem, verdicts)
        try:
            self._convert(Autograde, stem, key)
        except Exception as error:  # noqa: BLE001  nbgrader's own troubles with one notebook never stop the others
            troubles.append(f"{student}, {stem}: nbgrader's autograde failed ({_first_line(error)}); the points were entered without it.")
        self._verify(student, key, stem, verdicts)
        try:
            self._convert(GenerateFeedback, stem, key)
        except Exception as error:  # noqa: BLE001
            troubles.append(f"{student}, {stem}: nbgrader's feedback failed ({_first_line(error)}); feedback/{key}/{stem}.html is there.")
        if not troubles:
            files.write(done, content)
        return troubles

    def _is_done(self, done: Path, content: str, key: str, stem: str) -> bool:
        """Whether an earlier run has entered just this, and nobody has taken it away since."""
        made = (self.out / "autograded" / key / stem / f"{stem}.ipynb", self.out / "feedback" / key / stem / f"{stem}.html")
        return all(path.is_file() for path in (done, *made)) and done.read_text(encoding="utf-8") == content

    def _verify(self, student: str, key: str, stem: str, verdicts: list[Verdict], flags: bool = True) -> None:
        """Make the gradebook hold exactly the verdicts; with `flags`, mark what a person has to look at."""
        with Gradebook(self.url) as book:
            book.update_or_create_student(key, lms_user_id=student)
            book.update_or_create_submission(stem, key)
            for verdict in verdicts:
                grade = book.find_grade(verdict.exercise, stem, stem, key)
                if grade.auto_score is None or abs(grade.auto_score - verdict.points) > 1e-9:
                    self._log.warning("%s %s %s: nbgrader had %s, the verdict is %s", key, stem, verdict.exercise, grade.auto_score, verdict.points)
                    grade.auto_score = verdict.points
                if flags:
                    grade.needs_manual_grade = grade.manual_score is not None or verdict.status == "needs_review"
            book.db.commit()

    def _withdraw(self, key: str, stem: str) -> None:
        """Forget a notebook that is no longer handed in, so that no earlier score stays."""
        with Gradebook(self.url) as book:
            try:
                book.update_or_create_student(key)
                book.remove_submission(stem, key)
            except MissingEntry:
                pass
        for step in ("submitted", "autograded", "feedback"):
            _remove(self.out / step / key / stem)
        _remove(self.out / "verdicts" / key / f"{stem}.json")

    def _convert(self, converter, stem: str, key: str = ".") -> None:
        config = Config()
        config.CourseDirectory.root = str(self.out)
        config.CourseDirectory.assignment_id = stem
        config.CourseDirectory.student_id = key
        config.CourseDirectory.db_url = self.url
        config.BaseConverter.force = True
        config.RecordVerdicts.root = str(self.out)
        config.Autograde.autograde_preprocessors = [RecordVerdicts, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
        config.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]
        here = os.getcwd()
        try:
            converter(coursedir=CourseDirectory(config=config, log=self._log), config=config, log=self._log).start()
        finally:
            os.chdir(here)


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in path.rglob("*"):
            inner.chmod(0o700 if inner.is_dir() else 0o600)  # nbgrader writes them read-only
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _logger(path: Path) -> logging.Logger:
    """A logger that writes nbgrader's own words to a file, and nothing to the screen."""
    logger = logging.Logger("nbgrader", logging.INFO)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
