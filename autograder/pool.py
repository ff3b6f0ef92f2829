"""Runs `job.run` for a class in several processes; a process that dies costs nobody else's grade."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from . import verdicts, warm
from .assignment import Assignment
from .job import Job, run
from .worker import Task

MEMORY = 6 * 2**30  # bytes of data of one worker; what a student's code may use is limited apart from this


def start(processes: int) -> ProcessPoolExecutor:
    """Workers that get ready in the background: their imports take seconds."""
    executor = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    for _ in range(processes):
        executor.submit(os.getpid)
    return executor


def grade_all(
    tasks: list[Task], assignments: list[Assignment], jobs: int, entered: dict[str, dict[str, str]] | None = None, ready: ProcessPoolExecutor | None = None
) -> Iterator[tuple[Task, dict]]:
    """Yield (task, result) as students are done, each exactly once.

    entered: what is in the gradebook already, by student's key, see `job.Job`; ready: workers from `start`, which are shut
    down in the end. A mistake of the grader with one student leaves that student's exercises for review. Where a worker
    process dies, the students left over are graded one at a time, so that only the one who ends it again needs review.
    """
    left = [Job(task, (entered or {}).get(task.key, {})) for task in tasks]
    for job, result in _parallel(left, assignments, ready or start(max(min(jobs, len(tasks)), 1))):
        left = [one for one in left if one is not job]
        yield job.task, result
    for job in left:
        died = job, unfinished(job.task, assignments, "The process that graded this student died twice.")
        yield job.task, next(_parallel([job], assignments, start(1)), died)[1]


def _parallel(jobs: list[Job], assignments: list[Assignment], executor: ProcessPoolExecutor) -> Iterator[tuple[Job, dict]]:
    """Results as they come; none for students who were waiting or being graded when a process died."""
    try:
        try:
            futures = {executor.submit(run, job): job for job in jobs}
        except BrokenProcessPool:
            return
        for future in as_completed(futures):
            try:
                yield futures[future], future.result()
            except BrokenProcessPool:
                continue
            except Exception as error:  # noqa: BLE001  whatever went wrong, the other students go on
                yield futures[future], unfinished(futures[future].task, assignments, f"The grader stopped with {type(error).__name__}: {error}")
    except (KeyboardInterrupt, GeneratorExit):
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


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


def _begin() -> None:
    """In each worker: Ctrl-C is the parent's business, its end is the worker's end, and the processes share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound_memory(MEMORY)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch

    torch.set_num_threads(1)
    if warm.available():
        threading.Thread(target=warm.begin, daemon=True).start()


def bound_memory(most: int) -> None:
    """Let this process have so many bytes of data: a file that would need more raises MemoryError, and the machine stays up."""
    try:
        import resource
    except ImportError:  # no such limits on Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _end_with_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
