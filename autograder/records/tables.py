"""The grades of a class as tables: grades.csv, and plain text for a terminal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from .. import files
from ..pages import wording

COLUMNS = ("student", "notebook", "exercise", "points", "max_points", "status", "findings")


def write_csv(path: Path, results: list[dict]) -> None:
    """Write grades.csv: one row for each graded cell."""
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
        lines.append((result["student"], *("-" if p is None else wording.number(p) for p in points), wording.number(sum(p or 0 for p in points))))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(text.ljust(width) if column == 0 else text.rjust(width) for column, (text, width) in enumerate(zip(line, widths, strict=True))) for line in lines)
