"""Runs `job.run` for a class in several processes; a process that dies costs nobody else's grade."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool

from .assignment import Assignment
from .judging import verdicts
from .job import Job, run
from .judging.worker import Task
from .processes import Workers


def grade_all(
    tasks: list[Task], assignments: list[Assignment], jobs: int, entered: dict[str, dict[str, str]] | None = None, workers: Workers | None = None
) -> Iterator[tuple[Task, dict]]:
    """Yield (task, result) as students are done, each exactly once.

    entered: what is in the gradebook already, by student's key, see `job.Job`; workers: that are started already. A mistake
    of the grader with one student leaves that student's exercises for review. Where a worker process dies, the students
    left over are graded one at a time, so that only the one who ends it again needs review.
    """
    left = [Job(task, (entered or {}).get(task.key, {})) for task in tasks]
    for job, result in _parallel(left, assignments, workers or Workers(max(min(jobs, len(tasks)), 1), tasks[0].scratch if tasks else None)):
        left = [one for one in left if one is not job]
        yield job.task, result
    for job in left:
        died = job, unfinished(job.task, assignments, "The process that graded this student died twice.")
        yield job.task, next(_parallel([job], assignments, Workers(1, job.task.scratch)), died)[1]


def _parallel(jobs: list[Job], assignments: list[Assignment], workers: Workers) -> Iterator[tuple[Job, dict]]:
    """Results as they come; none for students who were waiting or being graded when a process died."""
    with workers:
        try:
            futures = {workers.executor.submit(run, job): job for job in jobs}
        except BrokenProcessPool:
            return
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                continue
            except Exception as error:  # noqa: BLE001  whatever went wrong, the other students go on
                yield futures[future], unfinished(futures[future].task, assignments, f"The grader stopped with {type(error).__name__}: {error}")


def unfinished(task: Task, assignments: list[Assignment], trouble: str) -> dict:
    """The result for a student whom the grader itself could not deal with: every exercise needs review."""
    message = "The grader could not finish this notebook; your instructor will look at it."
    notebooks = {}
    for one in assignments:
        if one.expected:
            judged = [verdicts.without_points(e.grade_id, e.points, "needs_review", message, findings=("grader_error",)) for e in one.exercises]
            record = {"state": "unfinished", "path": "", "repairs": [], "notebook": "", "seconds": 0.0, "cached": False}
            notebooks[one.stem] = record | {"verdicts": [verdict.to_json() for verdict in judged]}
    return {"student": task.student, "key": task.key, "notes": [], "troubles": [trouble], "notebooks": notebooks}
