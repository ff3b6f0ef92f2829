"""`python -m autograder grade`: grades a class in parallel and writes gradebook, grades.csv, feedback and report."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import secrets
import sys
import tempfile
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from tqdm.auto import tqdm

import helpers

from . import feedback, files, pool, report
from .verdicts import Verdict
from .worker import Task

COLUMNS = ("student", "notebook", "exercise", "points", "max_points", "status", "findings")
TIMEOUT = 60.0


class CannotGrade(Exception):
    """Grading cannot begin; the message says in one sentence what to do."""


def grade(submissions: Path, out: Path, course: Path, jobs: int | None = None, timeout: float = TIMEOUT) -> list[dict]:
    """Grade every folder of `submissions` and return the results, one a student, with Verdict objects.

    out: course directory to write; course: checkout with solutions/; jobs: processes (None: one a core); timeout:
    seconds a cell may take. What is known from an earlier run into `out` is used again where nothing has changed.
    Raises CannotGrade, in one sentence, where there is nothing to grade or nowhere to write.
    """
    from .build import source_notebook
    from .course import Course, key_of
    from .sources import stems

    submissions, out = Path(submissions), Path(out)
    students = _students(submissions, out)
    chosen = stems(course)
    if not chosen:
        raise CannotGrade(f"There are no text sources in {Path(course) / 'solutions'}: please give the checkout of the course with --course.")
    try:
        directory = Course(out)
        assignments = directory.prepare({stem: source_notebook(stem, course) for stem in chosen})
    except (RuntimeError, ValueError, OSError) as error:
        raise CannotGrade(str(error)) from error
    run = _run_file(directory.out, timeout)
    results, troubles = [], []
    with tempfile.TemporaryDirectory(prefix="vit-grade-", ignore_cleanup_errors=True) as scratch:
        digits, digits_id = _digits(submissions, Path(scratch))
        tasks = [
            Task(name, key_of(name), str(submissions / name), str(directory.out), chosen, run["secret"], _version(), timeout, digits, digits_id, scratch)
            for name in students
        ]
        with tqdm(total=len(tasks), desc="grading", unit="student", file=sys.stderr) as bar:
            for task, result in pool.grade_all(tasks, assignments, jobs or os.cpu_count() or 1):
                for stem, record in result["notebooks"].items():
                    record["verdicts"] = [Verdict.from_json(data) for data in record["verdicts"]]
                    troubles += directory.record(task.student, task.key, stem, record["notebook"], record["verdicts"])
                    feedback.write(directory.out, task.key, task.student, stem, record, record["verdicts"], result["notes"])
                troubles += [f"{task.student}: {text}" for text in result.get("troubles", [])]
                results.append(result)
                bar.update()
    results.sort(key=lambda result: result["student"])
    _write_csv(directory.out / "grades.csv", results)
    report.write(directory.out, results, troubles)
    run |= {"finished": _now(), "students": {result["key"]: result["student"] for result in results}, "troubles": troubles}
    _write_run(directory.out, run)
    return results


def _students(submissions: Path, out: Path) -> list[str]:
    if not submissions.is_dir():
        raise CannotGrade(f"There is no folder {submissions}: please give the folder that holds one folder for each student.")
    found = [entry.name for entry in os.scandir(submissions) if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")]
    students = sorted(name for name in found if (submissions / name).resolve() != out.resolve())
    if not students:
        raise CannotGrade(f"There is no student's folder in {submissions}: please put each student's files into a folder named by the student's id.")
    loose = [entry.name for entry in os.scandir(submissions) if not entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")]
    if loose:
        print(f"Left alone, since they lie in no student's folder: {', '.join(sorted(loose)[:5])}{' and others' if len(loose) > 5 else ''}.", file=sys.stderr)
    return students


def _run_file(out: Path, timeout: float) -> dict:
    """What is known of this run: its secret stays while it goes into the same folder, so that it can be resumed and repeated."""
    path = out / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        bytes.fromhex(run["secret"])
    except (OSError, ValueError, KeyError, TypeError):
        run = {"secret": secrets.token_hex(16)}
    run |= {"started": _now(), "timeout": timeout, "release": helpers.__version__, "grader": _version()}
    _write_run(out, run)
    return run


def _write_run(out: Path, run: dict) -> None:
    files.write(out / "run.json", json.dumps(run, indent=1, ensure_ascii=False))
    (out / "run.json").chmod(0o600)  # it holds the secret of the hidden inputs


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _version() -> str:
    """Changes with every line of the grader and of the checks."""
    content = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(helpers.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            content.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return content.hexdigest()[:16]


def _digits(submissions: Path, scratch: Path) -> tuple[dict[str, tuple[str, str]], str]:
    """Files of the digits that checkpoints are measured on, by source, where any can have been handed in; and what they are."""
    if not any(_may_hold_checkpoints(path) for path in submissions.rglob("*")):
        return {}, ""
    from helpers import data

    from .running import save_digits

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
    from helpers import data

    before = os.environ.get("VIT_DATA")
    os.environ["VIT_DATA"] = "MNIST-5k"
    try:
        return data.digits()
    finally:
        os.environ.pop("VIT_DATA") if before is None else os.environ.update(VIT_DATA=before)


def _write_csv(path: Path, results: list[dict]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        for stem, record in sorted(result["notebooks"].items()):
            for verdict in record["verdicts"]:
                row = (result["student"], stem, verdict.exercise, f"{verdict.points:g}", f"{verdict.max_points:g}", verdict.status, verdict.seen)
                writer.writerow(row)
    files.write(path, text.getvalue())


def table(results: list[dict]) -> str:
    """The points of a class as plain text: a line a student, a column a notebook."""
    stems = sorted({stem for result in results for stem in result["notebooks"]})
    lines = [("student", *stems, "total")]
    for result in results:
        points = [sum(v.points for v in result["notebooks"][stem]["verdicts"]) if stem in result["notebooks"] else None for stem in stems]
        lines.append((result["student"], *("-" if p is None else feedback.number(p) for p in points), feedback.number(sum(p or 0 for p in points))))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) if column == 0 else text.rjust(width) for column, (text, width) in enumerate(zip(line, widths, strict=True))) for line in lines)


def main(argv: list[str] | None = None) -> int:
    """Grade a class; 0 when every submission got a verdict, whatever it is."""
    parser = argparse.ArgumentParser(prog="python -m autograder grade", description="Grade a class: one folder for each student, any files in it.")
    parser.add_argument("submissions", metavar="SUBMISSIONS_DIR", type=Path)
    parser.add_argument("--out", metavar="OUT", type=Path, required=True, help="nbgrader course directory to write; a run that was cut off goes on from it")
    parser.add_argument("--course", metavar="DIR", type=Path, default=Path.cwd(), help="the checkout with solutions/ (default: the current folder)")
    parser.add_argument("--jobs", metavar="N", type=int, help="students graded at a time (default: one a core)")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=TIMEOUT, help="for one cell (default: %(default)g)")
    arguments = parser.parse_args(argv)
    if arguments.timeout <= 0 or (arguments.jobs is not None and arguments.jobs < 1):
        parser.error("--timeout and --jobs must be above zero")
    try:
        results = grade(arguments.submissions, arguments.out, arguments.course, arguments.jobs, arguments.timeout)
    except CannotGrade as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped. The same command goes on from what is in {arguments.out}.", file=sys.stderr)
        return 130
    verdicts = [v for result in results for record in result["notebooks"].values() for v in record["verdicts"]]
    counted = Counter(verdict.status for verdict in verdicts)
    print(f"{len(results)} students, {len(verdicts)} graded cells: {', '.join(f'{count} {status}' for status, count in counted.most_common())}")
    for what, name in (("grades", "grades.csv"), ("report", "report.html"), ("feedback", "feedback/<student>/<notebook>.html"), ("gradebook", "gradebook.db")):
        print(f"{what + ':':10} {arguments.out / name}")
    return 1 if any("grader_error" in verdict.findings for verdict in verdicts) else 0
