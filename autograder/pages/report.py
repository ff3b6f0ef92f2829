"""Writes report.html for the instructor: scores, success per exercise, misconceptions, and what a person must look at."""

from __future__ import annotations

import base64
import hashlib
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from .. import files
from ..assignment import handed_in_by_all
from ..judging.verdicts import UNSEEN, Verdict
from . import wording
from .feedback import duration, environment, is_open, number

SLOW = 30.0  # seconds for one notebook
_SHOWN = 12  # names that stand in a row before the rest is folded away
_SCRIPT = Path(__file__).parent / "templates" / "report.js"
_TO_LOOK_AT = {  # status: (heading, the same in a tile, what an instructor does about it)
    "needs_review": ("Waits for you", "wait for you", "Open the notebook in OUT/submitted, or ask `python -m autograder explain STUDENT EXERCISE`; enter points in formgrader."),
    "written": ("Answers to read", "to read", "A person gives these points, in formgrader (`jupyter lab` in OUT). A model answer and a marking scheme stand in the cell's text in solutions/."),
    "not_gradable": ("Files that cannot be read", "cannot be read", "Ask the student for the .ipynb again and run the same command."),
    "crashed": ("Ended Python, or used too much memory", "ended Python", "Zero for that exercise; the student is told."),
    "timeout": ("Did not come to an end", "stopped at the time limit", "Zero for that exercise; where the machine was busy, run again with a larger --timeout."),
    "missing": ("Not handed in", "not handed in", "Nothing to grade."),
}


def write(out: Path, results: list[dict], troubles: list[str], run: dict | None = None) -> Path:
    """Write the report on a class and return its path.

    results: what the workers returned, one a student, with Verdict objects in "verdicts"; a result may have "name", its
    notebooks "flags" (sentences), "late" (seconds) and "release". troubles: what the grader itself could not do.
    run: how the run was made, as in run.json: "sandbox" (its kind), "changes" (dicts of student, notebook, exercise, before,
    after, why, or sentences), "versions" and whatever else is to be shown under "How this run was made".
    """
    run = run or {}
    stems = sorted({stem for result in results for stem in result["notebooks"]})
    records = [(result, stem, record) for result in results for stem, record in sorted(result["notebooks"].items())]
    totals = [sum(v.points for record in result["notebooks"].values() for v in record["verdicts"]) for result in results]
    assignment = [stem for stem in stems if handed_in_by_all(stem)] or stems  # who hands in no lesson has no smaller total than others
    counted = [[v for stem in assignment if stem in result["notebooks"] for v in result["notebooks"][stem]["verdicts"]] for result in results]
    reached = [sum(verdict.points for verdict in verdicts) for verdicts in counted]
    maximum = max((sum(verdict.max_points for verdict in verdicts) for verdicts in counted), default=0)
    script = _SCRIPT.read_text(encoding="utf-8")
    page = environment().get_template("report.html").render(
        when=datetime.now().strftime("%Y-%m-%d %H:%M"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        graded=sum(record["state"] == "found" for _, _, record in records),
        maximum=maximum,
        mean=statistics.mean(reached) if reached else 0,
        median=statistics.median(reached) if reached else 0,
        histogram=_histogram(reached, maximum),
        lessons=len(stems) - len(assignment),
        exercises=_exercises(records),
        misconceptions=_misconceptions(records),
        groups=[group for group in _groups(records) if group["rows"]],
        changes=[_change(change) for change in run.get("changes", ())],
        repairs=[{"student": r["student"], "what": stem, "why": text} for r, stem, record in records for text in record["repairs"]]
        + [{"student": result["student"], "what": "", "why": text} for result in results for text in result["notes"]],
        stems=stems,
        students=[_student(result, stems, total) for result, total in zip(results, totals, strict=True)],
        troubles=troubles,
        unsafe=run.get("sandbox") == "none",
        facts=list(_facts(run)),
        shown=_SHOWN,
    )
    path = Path(out) / "report.html"
    files.write(path, page)
    return path


def _histogram(totals: list[float], maximum: float) -> dict:
    """Bars of whole points, at most 25 of them, with a scale of whole students."""
    width = max(1, -(-int(maximum) // 25))
    counts = [0] * (int(maximum) // width + 1)
    for total in totals:
        counts[min(int(total) // width, len(counts) - 1)] += 1
    step = next(step * 10**power for power in range(9) for step in (1, 2, 5) if step * 10**power * 4 >= max(counts))
    ticks = list(range(0, max(counts) + step, step))
    top = ticks[-1] or 1
    bars = [
        {"label": str(index * width) if width == 1 else f"{index * width}–{min((index + 1) * width - 1, int(maximum))}", "count": count, "height": round(150 * count / top, 1)}
        for index, count in enumerate(counts)
    ]
    return {"bars": bars, "ticks": [{"count": tick, "height": round(150 * tick / top, 1)} for tick in ticks], "slot": 30 if len(bars) <= 12 else 26}


def _exercises(records: list) -> list[dict]:
    rows: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for _, stem, record in records:
        for verdict in record["verdicts"]:
            rows[stem, verdict.exercise].append(verdict)
    made = []
    for (stem, _), verdicts in rows.items():
        full = sum(verdict.passed for verdict in verdicts)
        absent = sum(verdict.status in (*UNSEEN, "not_attempted") for verdict in verdicts)
        some = sum(not verdict.passed and verdict.points > 0 for verdict in verdicts if verdict.status not in (*UNSEEN, "not_attempted"))
        settled = [verdict.points for verdict in verdicts if not is_open(verdict)]
        parts = {"good": full, "part": some, "bad": len(verdicts) - full - some - absent, "none": absent}
        made.append(
            {
                "stem": stem,
                "title": verdicts[0].title,
                "parts": [{"tone": tone, "count": count, "share": round(100 * count / len(verdicts), 2)} for tone, count in parts.items()],
                "mean": statistics.mean(settled) if settled else None,
                "open": len(verdicts) - len(settled),
                "max_points": verdicts[0].max_points,
            }
        )
    return made


def _misconceptions(records: list) -> list[dict]:
    """Diagnoses by how many students have them, of those whose answer was judged."""
    who: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    judged: dict[str, int] = defaultdict(int)
    for result, stem, record in records:
        for verdict in record["verdicts"]:
            if verdict.status in ("graded", "repaired", "error"):
                judged[verdict.title] += 1
                for code in verdict.codes:
                    who[code, verdict.title, verdict.exercise].append({"name": result["student"], "link": _link(result, stem, verdict.exercise)})
    ranked = sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {"code": code, "words": wording.mistake(code, exercise), "title": title, "who": sorted(names, key=lambda one: one["name"]), "of": judged[title]}
        for (code, title, exercise), names in ranked
    ]


def _groups(records: list) -> Iterator[dict]:
    """What a person must look at, the most urgent first: {"id", "title", "hint", "open", "rows"}."""
    for status in ("needs_review", "written", "not_gradable"):
        yield _group(status, records, is_open=True)
    flagged = []
    for result, stem, record in records:
        names = [wording.flag(name) for v in record["verdicts"] for name in v.findings if name.startswith("flag_")]
        if said := record.get("flags") or names:
            flagged.append(_row(result, stem, " ".join(dict.fromkeys(said)) if said is not names else "; ".join(dict.fromkeys(names))))
    yield {"id": "flagged", "title": "Flagged", "short": "flagged", "hint": "A sign of tampering, not a proof. No points were taken for it, and the student's page says nothing.", "open": True, "rows": flagged}
    for status in ("crashed", "timeout", "missing"):
        yield _group(status, records, is_open=False)
    late: dict[tuple[str, str], dict] = {}
    for result, stem, record in records:
        if record["state"] != "missing" and (record.get("late") or 0) > 0:
            row = _row(result, stem, f"{duration(record['late']) or 'less than a minute'} late")
            late.setdefault((row["student"], row["why"]), row | {"what": []})["what"].append(stem)
    late_rows = [row | {"what": ", ".join(row["what"])} for row in late.values()]
    yield {"id": "late", "title": "Late", "short": "late", "hint": "By the time of the LMS or the roster; the late policy has taken its points in the gradebook.", "open": False, "rows": late_rows}
    slow = sorted((one for one in records if one[2]["seconds"] >= SLOW), key=lambda one: -one[2]["seconds"])
    rows = [_row(result, stem, f"{record['seconds']:.0f} s") for result, stem, record in slow]
    yield {"id": "slow", "title": "Slow", "short": "slow", "hint": f"Notebooks that took {SLOW:.0f} seconds or more.", "open": False, "rows": rows}


def _group(status: str, records: list, is_open: bool) -> dict:
    """The notebooks with a status, one row a student and reason."""
    title, short, hint = _TO_LOOK_AT[status]
    rows: dict[tuple[str, str], tuple[dict, str, list[str]]] = {}
    for result, stem, record in records:
        verdicts = [verdict for verdict in record["verdicts"] if _kind(verdict) == status]
        if verdicts:
            names = "" if len(verdicts) == len(record["verdicts"]) else f" ({', '.join(verdict.title for verdict in verdicts)})"
            why = "" if status == "missing" else " ".join(dict.fromkeys(text for verdict in verdicts for text in verdict.messages))
            rows.setdefault((result["student"], why), (result, stem, []))[2].append(stem + names)
    made = [{**_row(result, stem, why), "what": ", ".join(stems)} for (_, why), (result, stem, stems) in rows.items()]
    return {"id": status, "title": title, "short": short, "hint": hint, "open": is_open, "rows": made}


def _kind(verdict: Verdict) -> str:
    """The status of a verdict, or "written" for an answer that a person is to read anyway."""
    return "written" if verdict.is_unread else verdict.status


def _row(result: dict, stem: str, why: str) -> dict:
    return {"student": result["student"], "link": _link(result, stem), "what": stem, "why": why}


def _link(result: dict, stem: str, exercise: str = "") -> str:
    return f"feedback/{quote(result['key'])}/{quote(stem)}.html" + (f"#{quote(exercise)}" if exercise else "")


def _change(change) -> dict:
    if isinstance(change, str):
        return {"student": "", "what": "", "before": "", "after": "", "why": change}
    what = f"{change.get('notebook', '')} {change.get('exercise', '')}".strip()
    return {"student": change.get("student", ""), "what": what, "why": change.get("why", ""), **{name: _points(change.get(name)) for name in ("before", "after")}}


def _points(value) -> str:
    return "–" if value is None else number(value) if isinstance(value, (int, float)) else str(value)


def _student(result: dict, stems: list[str], total: float) -> dict:
    cells = []
    for stem in stems:
        record = result["notebooks"].get(stem)
        if record is None or record["state"] == "missing":
            cells.append({"text": "–", "link": "", "sort": -1, "mark": ""})
        else:
            points = sum(verdict.points for verdict in record["verdicts"])
            mark = "?" if any(verdict.status in ("needs_review", "not_gradable") for verdict in record["verdicts"]) else ""
            cells.append({"text": number(points), "link": _link(result, stem), "sort": round(points, 4), "mark": mark})
    return {"student": result["student"], "name": result.get("name", ""), "link": f"feedback/{quote(result['key'])}/index.html", "cells": cells, "total": total}


_LABELS = {
    "sandbox": "student code ran in",
    "release": "release of the course",
    "grader": "version of grader and checks",
    "started": "started",
    "finished": "finished",
    "timeout": "seconds a cell may take",
    "jobs": "students at a time",
    "memory": "memory",
    "late_policy": "late policy",
    "versions": "versions",
}


def _facts(run: dict) -> Iterator[tuple[str, str]]:
    """(name, value) of everything known about a run, but for its secret and what is shown elsewhere."""
    for name, label in _LABELS.items():
        value = run.get(name)
        if value not in (None, "", {}):
            if name == "sandbox":
                value = "processes of its own, without a sandbox" if value == "none" else f"a sandbox ({value})"
            yield label, ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)
