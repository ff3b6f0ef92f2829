"""What `python -m autograder grade` can be told: the command line and its defaults."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 60.0
SANDBOXES = ("auto", "namespaces", "bwrap", "docker", "podman", "none")
EXPORTS = ("canvas", "moodle", "gradescope")


class CannotGrade(Exception):
    """Grading cannot begin; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Options:
    """How a class is graded.

    jobs: students at a time (None: one a core); timeout: seconds a cell may take; roster: CSV of the class; only: ids of
    students to grade again; exercises: grade_ids to grade again; sandbox: one of SANDBOXES; db: SQLAlchemy URL of the
    gradebook ("": gradebook.db in the course directory); scheduler: address of a Dask scheduler; exports: any of EXPORTS;
    late_policy: an nbgrader late-submission plugin, "module.Class".
    """

    jobs: int | None = None
    timeout: float = TIMEOUT
    roster: Path | None = None
    only: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    sandbox: str = "auto"
    db: str = ""
    scheduler: str = ""
    exports: tuple[str, ...] = ()
    late_policy: str = ""

    @property
    def at_a_time(self) -> int:
        """Students that are graded at a time."""
        return self.jobs or os.cpu_count() or 1


def read(argv: list[str] | None) -> tuple[Path, Path, Path, Options]:
    """(submissions, out, course, options) of a command line; ends the program where it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m autograder grade", description="Grade a class: one folder for each student, any files in it.")
    add = parser.add_argument
    add("submissions", metavar="SUBMISSIONS_DIR", type=Path, help="one folder for each student, or the zip of an LMS (Canvas, Moodle)")
    add("--out", metavar="OUT", type=Path, required=True, help="nbgrader course directory to write; a run that was cut off goes on from it")
    add("--course", metavar="DIR", type=Path, default=Path.cwd(), help="the checkout with solutions/ (default: the current folder)")
    add("--jobs", metavar="N", type=int, help="students graded at a time (default: one a core)")
    add("--timeout", metavar="SECONDS", type=float, default=TIMEOUT, help="for one cell (default: %(default)g)")
    add("--roster", metavar="CSV", type=Path, help="ids, names and due dates of the class; who handed in nothing is listed as missing")
    add("--only", metavar="STUDENT", action="append", default=[], help="grade this student again and leave the others as they are; may be repeated")
    add("--exercise", metavar="NAME", action="append", default=[], dest="exercises", help="grade this exercise again and leave the others; may be repeated")
    add("--sandbox", choices=SANDBOXES, default="auto", help="what student code runs in (default: %(default)s; none: nothing holds it)")
    add("--db", metavar="URL", default="", help="gradebook of nbgrader, as postgresql://... (default: OUT/gradebook.db)")
    add("--scheduler", metavar="ADDRESS", default="", help="grade on the workers of this Dask cluster")
    add("--export", metavar="LMS", action="append", default=[], choices=EXPORTS, dest="exports", help=f"also write grades for {', '.join(EXPORTS)}; may be repeated")
    add("--late-policy", metavar="CLASS", default="", help="nbgrader plugin that says what a late submission costs, as module.Class")
    given = parser.parse_args(argv)
    if given.timeout <= 0 or (given.jobs is not None and given.jobs < 1):
        parser.error("--timeout and --jobs must be above zero")
    lists = {name: tuple(dict.fromkeys(getattr(given, name))) for name in ("only", "exercises", "exports")}
    rest = {name: getattr(given, name) for name in ("jobs", "timeout", "roster", "sandbox", "db", "scheduler", "late_policy")}
    return given.submissions, given.out, given.course, Options(**rest, **lists)
