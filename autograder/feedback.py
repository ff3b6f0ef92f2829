"""Writes feedback/<student>/<notebook>.html: points, what went wrong by name, what to try; no hidden test, no traceback."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
import nbformat

from . import files
from .verdicts import Verdict

_SAYS = {
    "not_attempted": "Not attempted",
    "error": "Your code stopped with an error",
    "timeout": "Your code did not come to an end",
    "crashed": "Your code ended the Python process",
    "not_gradable": "The file cannot be graded",
    "needs_review": "Your instructor will look at it",
    "missing": "Not handed in",
}


@cache
def environment() -> jinja2.Environment:
    """Templates of the pages; everything put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    made.globals.update(number=number, tone=_tone, says=_says)
    return made


def number(value: float) -> str:
    """Points without needless digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _tone(verdict: Verdict) -> str:
    if verdict.passed:
        return "good"
    return "part" if verdict.points > 0 else "bad"


def _says(verdict: Verdict) -> str:
    if verdict.status in _SAYS:
        return _SAYS[verdict.status]
    return "Passed" if verdict.passed else "Not right yet"


def write(out: Path, key: str, student: str, stem: str, record: dict, verdicts: list[Verdict], notes: list[str]) -> Path:
    """Write one student's page on one notebook and return its path.

    record: what the worker returned for this notebook ("path", "repairs", "notebook").
    """
    code, title = _texts(record["notebook"]) if record["state"] == "found" else ({}, stem)
    page = environment().get_template("feedback.html").render(
        title=title or stem,
        student=student,
        stem=stem,
        path=record["path"],
        repairs=record["repairs"],
        notes=notes,
        verdicts=verdicts,
        code={exercise: text for exercise, text in code.items()},
        points=sum(verdict.points for verdict in verdicts),
        max_points=sum(verdict.max_points for verdict in verdicts),
    )
    path = Path(out) / "feedback" / key / f"{stem}.html"
    files.write(path, page)
    return path


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
