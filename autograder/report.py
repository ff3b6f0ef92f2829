"""Writes report.html for the instructor: scores, success per exercise, misconceptions, and what a person must look at."""

from __future__ import annotations

import statistics
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from . import files
from .feedback import environment, number
from .verdicts import Verdict

_TO_LOOK_AT = ("not_gradable", "needs_review", "crashed", "timeout", "missing")


def write(out: Path, results: list[dict], troubles: list[str]) -> Path:
    """Write the report on a class and return its path.

    results: what the workers returned, one a student, with Verdict objects in "verdicts".
    """
    stems = sorted({stem for result in results for stem in result["notebooks"]})
    records = [(result, stem, record) for result in results for stem, record in sorted(result["notebooks"].items())]
    totals = [sum(v.points for record in result["notebooks"].values() for v in record["verdicts"]) for result in results] or [0.0]
    maximum = max((sum(v.max_points for record in result["notebooks"].values() for v in record["verdicts"]) for result in results), default=0)
    page = environment().get_template("report.html").render(
        when=datetime.now().strftime("%Y-%m-%d %H:%M"),
        graded=sum(record["state"] == "found" for _, _, record in records),
        maximum=maximum,
        mean=statistics.mean(totals),
        median=statistics.median(totals),
        bins=_bins(totals, maximum),
        exercises=_exercises(records),
        misconceptions=_misconceptions(records),
        attention=_attention(results),
        repairs=[{"student": r["student"], "stem": stem, "sentence": text} for r, stem, record in records for text in record["repairs"]]
        + [{"student": result["student"], "stem": "", "sentence": text} for result in results for text in result["notes"]],
        stems=stems,
        students=[_student(result, stems, total) for result, total in zip(results, totals, strict=False)],
        slow=_slow(records),
        troubles=troubles,
    )
    path = Path(out) / "report.html"
    files.write(path, page)
    return path


def _bins(totals: list[float], maximum: float) -> list[dict]:
    """One bar a point: the students whose total rounds down to it."""
    counts = [0] * (int(maximum) + 1)
    for total in totals:
        counts[min(int(total), len(counts) - 1)] += 1
    tallest = max(counts) or 1
    return [{"label": str(points), "count": count, "height": round(120 * count / tallest)} for points, count in enumerate(counts)]


def _exercises(records: list) -> list[dict]:
    rows: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for _, stem, record in records:
        for verdict in record["verdicts"]:
            rows[stem, verdict.exercise].append(verdict)
    return [
        {
            "stem": stem,
            "title": verdicts[0].title,
            "count": len(verdicts),
            "passed": sum(verdict.passed for verdict in verdicts),
            "attempted": sum(verdict.status not in ("missing", "not_gradable", "not_attempted") for verdict in verdicts),
            "mean": statistics.mean(verdict.points for verdict in verdicts),
            "max_points": verdicts[0].max_points,
        }
        for (stem, _), verdicts in rows.items()
    ]


def _misconceptions(records: list) -> list[dict]:
    """Diagnoses by how many students have them; what was not attempted is none."""
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result, _, record in records:
        for verdict in record["verdicts"]:
            for code in verdict.codes:
                if verdict.status != "not_attempted":
                    who[code, verdict.title].append(result["student"])
    ranked = sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))
    return [{"code": code, "title": title, "who": sorted(names)} for (code, title), names in ranked]


def _attention(results: list[dict]) -> list[dict]:
    """Rows of the table of what a person must look at: one a student, status and reason."""
    rows: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for result in results:
        for stem, record in sorted(result["notebooks"].items()):
            for status in _TO_LOOK_AT:
                verdicts = [verdict for verdict in record["verdicts"] if verdict.status == status]
                if verdicts:
                    titles = "" if len(verdicts) == len(record["verdicts"]) else f" ({', '.join(verdict.title for verdict in verdicts)})"
                    why = "" if status == "missing" else " ".join(dict.fromkeys(text for verdict in verdicts for text in verdict.messages))
                    rows[result["student"], status, why].append(stem + titles)
    return [{"student": student, "status": status, "what": ", ".join(stems), "why": why} for (student, status, why), stems in rows.items()]


def _student(result: dict, stems: list[str], total: float) -> dict:
    cells = []
    for stem in stems:
        record = result["notebooks"].get(stem)
        if record is None or record["state"] == "missing":
            cells.append({"text": "–" if record is None else "missing", "link": ""})
        else:
            points = sum(verdict.points for verdict in record["verdicts"])
            cells.append({"text": number(points), "link": f"feedback/{quote(result['key'])}/{quote(stem)}.html"})
    return {"student": result["student"], "cells": cells, "total": total}


def _slow(records: list) -> list[dict]:
    """The five slowest notebooks, where one took half a minute or more."""
    rows = [{"student": result["student"], "stem": stem, "seconds": record["seconds"]} for result, stem, record in records if record["seconds"] >= 30]
    return sorted(rows, key=lambda row: -row["seconds"])[:5]
