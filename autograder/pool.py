"""Runs `worker.grade_student` for a class in several processes; a process that dies costs nobody else's grade."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from . import verdicts
from .assignment import Assignment
from .worker import Task, grade_student


def grade_all(tasks: list[Task], assignments: list[Assignment], jobs: int) -> Iterator[tuple[Task, dict]]:
    """Yield (task, result) as students are done, each exactly once.

    A mistake of the grader with one student leaves that student's exercises for review. Where a worker process dies,
    the students left over are graded one at a time, so that only the one who ends it again needs review.
    """
    left = list(tasks)
    for done in _parallel(tasks, assignments, min(jobs, len(tasks))):
        left.remove(done[0])
        yield done
    for task in left:
        yield next(_parallel([task], assignments, 1), (task, _unfinished(task, assignments, "The process that graded this student died twice.")))


def _parallel(tasks: list[Task], assignments: list[Assignment], jobs: int) -> Iterator[tuple[Task, dict]]:
    """Results as they come; none for students who were waiting or being graded when a process died."""
    executor = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        futures = {executor.submit(grade_student, task): task for task in tasks}
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                continue
            except Exception as error:  # noqa: BLE001  whatever went wrong, the other students go on
                yield futures[future], _unfinished(futures[future], assignments, f"The grader stopped with {type(error).__name__}: {error}")
    except (KeyboardInterrupt, GeneratorExit):
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _unfinished(task: Task, assignments: list[Assignment], trouble: str) -> dict:
    """The result for a student whom the grader itself could not deal with: every exercise needs review."""
    message = "The grader could not finish this notebook; your instructor will look at it."
    notebooks = {}
    for one in assignments:
        if one.expected:
            judged = [verdicts.without_points(e.grade_id, e.points, "needs_review", message, findings=("grader_error",)) for e in one.exercises]
            record = {"state": "unfinished", "path": "", "repairs": [], "notebook": "", "seconds": 0.0, "cached": False}
            notebooks[one.stem] = record | {"verdicts": [verdict.to_json() for verdict in judged]}
    return {"student": task.student, "key": task.key, "notes": [], "troubles": [trouble], "notebooks": notebooks}


def _begin() -> None:
    """In each worker: Ctrl-C is the parent's business, its end is the worker's end, and the processes share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)


def _end_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
