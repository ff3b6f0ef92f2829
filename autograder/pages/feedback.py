"""Writes the pages a student reads: points, what went wrong by name, what to try; no hidden test, no traceback of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

import jinja2
import nbformat
from markupsafe import Markup

from .. import files
from ..judging.verdicts import UNSEEN, Verdict
from . import diagrams, wording

number = wording.number  # grade.table writes points the same way


@cache
def environment() -> jinja2.Environment:
    """Templates of the pages. Everything put into them is escaped, and characters that hide or turn text are named."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
    )
    made.globals.update(
        number=number, line=wording.one_line, mistake=wording.mistake, remark=wording.remark, says=wording.result, tone=tone, share=share, held=_held, waiting=UNSEEN, is_open=is_open
    )
    return made


def _shown(value):
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def tone(verdict: Verdict) -> str:
    """The colour of a verdict: good, part or bad; "" where nothing was judged."""
    if verdict.passed:
        return "good"
    if verdict.status in UNSEEN:
        return ""
    return "part" if verdict.points > 0 else "bad"


def share(part: float, whole: float) -> str:
    """Percent, for the width of a bar."""
    return f"{100 * min(max(part / whole, 0), 1):.1f}" if whole else "0"


def is_open(verdict: Verdict) -> bool:
    """Whether the points are still to be given by a person who reads the answer."""
    return verdict.is_unread and not verdict.points


def _open(verdicts: Iterable[Verdict]) -> float:
    return sum(verdict.max_points for verdict in verdicts if is_open(verdict))


def _held(verdict: Verdict) -> int:
    return sum(holds for _, holds in verdict.rungs)


def write(out: Path, key: str, student: str, stem: str, record: dict, verdicts: list[Verdict], notes: list[str]) -> Path:
    """Write one student's page on one notebook and return its path.

    record: what the worker returned for this notebook ("path", "repairs", "notebook", "state"; "late" in seconds and
    "release" where they are known); notes: sentences about other files of the student.
    """
    code, title = _texts(record["notebook"]) if record["state"] == "found" else ({}, "")
    statuses = dict.fromkeys(verdict.status for verdict in verdicts)
    page = environment().get_template("feedback.html").render(
        title=wording.one_line(title, 120) or stem,
        student=student,
        stem=stem,
        path=record["path"],
        repairs=record["repairs"],
        late=duration(record.get("late")),
        notes=notes,
        verdicts=verdicts,
        next=wording.what_to_do(verdicts),
        code=code,
        diagram=diagrams.of,
        open=_open(verdicts),
        points=sum(verdict.points for verdict in verdicts),
        max_points=sum(verdict.max_points for verdict in verdicts),
        meanings=[wording.STATUSES[status] for status in statuses if status not in ("graded", "repaired")],
        marks=[(name, mark(text)) for name, text in code.items() if name in {verdict.exercise for verdict in verdicts}],
        graded_on=datetime.now().strftime("%Y-%m-%d %H:%M"),
    )
    path = Path(out) / "feedback" / key / f"{stem}.html"
    files.write(path, page)
    return path


def write_index(out: Path, result: dict) -> Path:
    """Write feedback/<student>/index.html, the totals of one student with a link to each page, and return its path.

    result: what the worker returned for this student, with Verdict objects in "verdicts".
    """
    pages, everything = [], []
    for stem, record in sorted(result["notebooks"].items()):
        verdicts = record["verdicts"]
        everything += verdicts
        points, most = sum(v.points for v in verdicts), sum(v.max_points for v in verdicts)
        title = _texts(record["notebook"])[1] if record["state"] == "found" else ""
        whole = "good" if all(v.passed for v in verdicts) else "" if all(v.status in UNSEEN for v in verdicts) else "part" if points else "bad"
        pages.append(
            {"title": wording.one_line(title, 120) or stem, "link": f"{quote(stem)}.html", "points": points, "max_points": most, "tone": whole, "verdicts": verdicts, "next": wording.what_to_do(verdicts)}
        )
    page = environment().get_template("student.html").render(
        student=result["student"],
        pages=pages,
        notes=result["notes"],
        open=_open(everything),
        points=sum(page["points"] for page in pages),
        max_points=sum(page["max_points"] for page in pages),
        next=_whole(pages),
    )
    path = Path(out) / "feedback" / result["key"] / "index.html"
    files.write(path, page)
    return path


def _whole(pages: list[dict]) -> str:
    """The sentence under the total."""
    if all(page["tone"] == "good" for page in pages):
        return "Everything is right. There is nothing left to do."
    judged = [page for page in pages if any(v.status != "missing" for v in page["verdicts"])]
    if not judged:
        return "None of the notebooks was among the files you handed in. If your course still takes them, hand them in."
    unread = [page["title"] for page in judged if all(v.status == "not_gradable" for v in page["verdicts"])]
    worst = max((page for page in judged if page["tone"] not in ("good", "")), key=lambda page: page["max_points"] - page["points"], default=None)
    missing = [page["title"] for page in pages if page not in judged]
    said = [f"Hand in again, since the file cannot be read: {', '.join(unread)}."] if unread else []
    said += [f"{'Then begin' if unread else 'Begin'} with {worst['title']}: that is where most points are still to be had."] if worst else []
    said += [f"Not handed in: {', '.join(missing)}."] if missing else []
    return " ".join(said) or "Your instructor will look at what is open. There is nothing you need to do."


def duration(seconds: float | None) -> str:
    """Days, hours and minutes in words; "" for nothing or less than a minute."""
    minutes = int((seconds or 0) // 60)
    parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    return " ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in [part for part in parts if part[0]][:2])


def mark(text: str) -> str:
    """A short mark of a piece of code, the same in the student's page and in `explain`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _texts(notebook: str) -> tuple[dict[str, str], str]:
    """({exercise: its solution cell}, title of the notebook)."""
    code, title = {}, ""
    for cell in nbformat.reads(notebook, as_version=4).cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.metadata.get("nbgrader", {}).get("solution"):
            code[grade_id.removesuffix("_solution")] = cell.source
        elif not title and cell.cell_type == "markdown" and not cell.metadata.get("own"):
            title = next((line.lstrip("# ").strip() for line in cell.source.splitlines() if line.startswith("# ")), "")
    return code, title
