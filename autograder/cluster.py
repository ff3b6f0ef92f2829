"""Runs `job.run` for a class on the workers of a Dask cluster that is there already.

A submission is sent to a worker with all that it takes, and what the worker has written comes back: the machines need no
common folder, only the same checkout. Where a worker is lost, Dask sends its submissions to another one; a result is the
same whoever made it, and only this process writes.
"""

from __future__ import annotations

import atexit
import io
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import files
from .assignment import Assignment
from .job import Job, run
from .judging.worker import Task
from .records import ledger

WAIT_SECONDS = 60  # for the first worker
COMES_BACK = ("cache", "evidence")  # folders below OUT that a worker writes into
_SENT = ("source", "release", "releases")
_alone = threading.Lock()  # judging sets the seeds of this process: one submission at a time, whatever --nthreads says
_places: dict[str, Path] = {}


class NoCluster(Exception):
    """The cluster cannot be used; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Common:
    """What every submission of a run needs: files of the course directory and digits by name, and the grader's version."""

    name: str
    version: str
    course: bytes
    digits: dict[str, bytes]


@dataclass(frozen=True)
class Parcel:
    """One submission: its job, the folder and the verdicts kept of it, packed."""

    job: Job
    folder: bytes
    kept: bytes


def grade_all(tasks: list[Task], assignments: list[Assignment], address: str, entered: dict[str, dict[str, str]] | None = None) -> Iterator[tuple[Task, dict]]:
    """Yield (task, result) as students are done, each exactly once; see `pool.grade_all`. Raises NoCluster in one sentence."""
    if not tasks:
        return
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise NoCluster("--scheduler needs Dask: please install it with pip install '.[cluster]'.") from error
    from .pool import unfinished

    try:
        client = Client(address, timeout=WAIT_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise NoCluster(f"There is no Dask scheduler with a worker at {address} ({type(error).__name__}): please check --scheduler.") from error
    with client:
        _check(client)
        # A task of its own: where the worker that holds its result is lost, Dask makes it again.
        common = client.submit(_same, _common(tasks[0]), pure=False)
        waiting, futures = iter(tasks), {}

        def send() -> list:
            task = next(waiting, None)
            if task is None:
                return []
            future = client.submit(_grade, _parcel(task, (entered or {}).get(task.key, {})), common, pure=False, retries=2)
            futures[future] = task
            return [future]

        # Not the whole class at once: the scheduler holds what is on its way.
        ahead = 2 * max(sum(client.nthreads().values()), 1)
        done = as_completed([future for _ in range(ahead) for future in send()], loop=client.loop)
        for future in done:
            task = futures.pop(future)
            try:
                result, written = future.result()
                for place, content in written.items():
                    files.write(Path(task.out) / place, content)
            except Exception as error:  # noqa: BLE001  whatever went wrong, the other students go on
                result = unfinished(task, assignments, f"The cluster stopped with {type(error).__name__}: {error}")
            future.release()
            for more in send():
                done.add(more)
            yield task, result


def _check(client) -> None:
    """Raise NoCluster where a worker has another checkout."""
    try:
        found = client.run(ledger.checkout)
    except Exception as error:  # noqa: BLE001  a worker without this package cannot even read the question
        raise NoCluster(f"The workers cannot import the course ({type(error).__name__}): please start each of them in this checkout.") from error
    for worker, version in found.items():
        if version != ledger.checkout():
            raise NoCluster(f"The worker {worker} has another checkout of the course: please give every worker the same one and start it again.")


def _common(task: Task) -> Common:
    digits = {path: Path(path).read_bytes() for pair in task.digits.values() for path in pair}
    return Common(Path(task.scratch).name, task.version, _pack(Path(task.out), _SENT), digits)


def _parcel(task: Task, entered: dict[str, str]) -> Parcel:
    kept = _pack(Path(task.out), tuple(f"cache/{task.key}/{stem}.json" for stem in task.stems))
    return Parcel(Job(task, entered), _pack(Path(task.folder), (".",)), kept)


def _pack(folder: Path, names: tuple[str, ...]) -> bytes:
    """A tar of what is there; links stay links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            if (folder / name).exists():
                archive.add(folder / name, name)
    return buffer.getvalue()


def _unpack(data: bytes, folder: Path) -> None:
    """What `_pack` packed on another machine of the same person: links are put down as they are, and nothing follows them."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="fully_trusted")


def _same(common: Common) -> Common:
    return common


def _grade(parcel: Parcel, common: Common) -> tuple[dict, dict[str, bytes]]:
    """On a worker: the result of one submission, and the files it has written by their place below OUT."""
    if common.version != ledger.version():
        raise NoCluster("This worker has another checkout of the course.")
    import torch

    torch.set_num_threads(1)
    with _alone:
        place = _place(common)
        with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as own:
            out = Path(own) / "out"
            _unpack(parcel.kept, out)
            _unpack(parcel.folder, Path(own) / "submission")
            for name in _SENT:
                if (place / "course" / name).is_dir():
                    (out / name).symlink_to(place / "course" / name)
            digits = {source: tuple(_digit_file(place, path) for path in pair) for source, pair in parcel.job.task.digits.items()}
            task = replace(parcel.job.task, folder=str(Path(own) / "submission"), out=str(out), digits=digits, scratch=str(place))
            result = run(replace(parcel.job, task=task))
            written = {path.relative_to(out).as_posix(): path.read_bytes() for name in COMES_BACK for path in (out / name).rglob("*") if path.is_file()}
    return result, written


def _place(common: Common) -> Path:
    """This process's folder for a run, made when its first submission comes."""
    if common.name not in _places:
        for old in _places.values():
            shutil.rmtree(old, ignore_errors=True)
        _places.clear()
        place = Path(tempfile.mkdtemp(prefix="vit-cluster-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        _unpack(common.course, place / "course")
        for path, content in common.digits.items():
            files.write(Path(_digit_file(place, path)), content)
        _places[common.name] = place
    return _places[common.name]


def _digit_file(place: Path, path: str) -> str:
    """Where a file of digits lies on this machine: images and labels in folders of their own, as the sender has them."""
    return str(place / "digits" / Path(path).parent.name / Path(path).name)
