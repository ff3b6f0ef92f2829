"""One student's share of a run, for any process: the verdicts, and what nbgrader makes of the notebooks."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, field

from .assignment import load
from .judging.verdicts import Verdict
from .judging.worker import Task, grade_student
from .records.conversion import convert, mark_of


@dataclass(frozen=True)
class Job:
    """A task, and the mark of what is already entered of each notebook (see `conversion.mark_of`)."""

    task: Task
    entered: dict[str, str] = field(default_factory=dict)


def run(job: Job) -> dict:
    """What `worker.grade_student` returns, with "converted" where a notebook is not entered yet, and "memory".

    memory: most bytes that this process has had so far.
    """
    result = grade_student(job.task)
    for stem, record in result["notebooks"].items():
        verdicts = entered(record)
        if record["notebook"] and mark_of(record["notebook"], verdicts) != job.entered.get(stem):
            try:
                record["converted"] = convert(record["notebook"], verdicts, load(job.task.out, stem), job.task.key)
            except Exception:  # noqa: BLE001, S110  the writer tries again, and says what was wrong
                pass
    return {**result, "memory": peak()}


def entered(record: dict) -> list[Verdict]:
    """The verdicts on one notebook as the gradebook takes them."""
    return [Verdict.from_json(data) for data in record.get("entered", record["verdicts"])]


def peak() -> int:
    """Most bytes of memory that this process has had (VmHWM)."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
