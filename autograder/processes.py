"""The worker processes of a run and the warm process they share, started before this process imports what takes seconds."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from .containment import warm

MEMORY = 6 * 2**30  # bytes of data of one worker; what a student's code may use is limited apart from this


class Workers:
    """Processes that grade, for a with statement: where it ends by an error, they end at once, else when they are done.

    They start in the background. Where processes may be forked, one imports what they need and they are forked from it.
    scratch: a folder for their temporary files, which whoever gives it removes: a process that is killed removes nothing.
    """

    def __init__(self, processes: int, scratch: str | None = None) -> None:
        self._warm = warm.Warm() if warm.available() else None
        # Starting waits for the imports of the process that they are forked from.
        self._starting = ThreadPoolExecutor(1).submit(_start, processes, self._warm.address if self._warm is not None else "", scratch)

    @property
    def executor(self) -> ProcessPoolExecutor:
        """What takes jobs."""
        return self._starting.result()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind, error, trace) -> None:
        failed = self._starting.exception()  # waits: from here on none is started any more
        if kind is not None:
            for process in multiprocessing.active_children():
                process.terminate()
        if failed is None:
            self.executor.shutdown(wait=True, cancel_futures=True)
        if self._warm is not None:
            self._warm.end()


def _start(processes: int, address: str, scratch: str | None) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver" if address else "spawn")
    if address:
        context.set_forkserver_preload(["autograder.job", "helpers.checks.lit"])
    executor = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(address, scratch))
    for _ in range(processes):
        executor.submit(os.getpid)
    return executor


def _begin(address: str, scratch: str | None) -> None:
    """In each worker: Ctrl-C is the parent's business, its end is the worker's end, and the processes share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound_memory(MEMORY)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warm.use(address)
    tempfile.tempdir = scratch
    import torch

    from . import job  # noqa: F401  the imports of what it is about to do

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # what is imported is not looked through again and again: a sixth of the time


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
