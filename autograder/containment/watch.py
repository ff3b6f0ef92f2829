"""Watches a kernel from outside, through the /proc of its own process namespace, and ends it where it uses too much."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from .sandbox import Limits

_PAUSE = 0.1  # seconds between two looks
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Watch(threading.Thread):
    """Looks at memory, processes and time until `stop`; calls `kill` once and then has a `reason` in plain words.

    proc: a handle of the kernel's own /proc, None where only the time can be watched; peak_bytes: the most memory seen.
    """

    def __init__(self, proc: int | None, limits: Limits, kill: Callable[[], None]):
        super().__init__(daemon=True, name="watch")
        self.reason, self.peak_bytes = "", 0
        self._proc, self._limits, self._kill = proc, limits, kill
        self._highest = 0
        self._stopped, self._end = threading.Event(), time.monotonic() + limits.notebook_seconds

    def run(self) -> None:
        """Look again and again."""
        while not self._stopped.is_set():
            begin = time.monotonic()
            self.reason = self._trouble()
            if self.reason:
                self._kill()
                return
            self._stopped.wait(max(_PAUSE, time.monotonic() - begin))  # many processes: half a core at most

    def stop(self) -> None:
        """Look no more; returns when the last look is over."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()

    def _trouble(self) -> str:
        if time.monotonic() > self._end:
            return f"The notebook took longer than {self._limits.notebook_seconds:.0f} seconds."
        if self._proc is None:
            return ""
        try:
            pids = [name for name in os.listdir(self._proc) if name.isdigit()]
        except OSError:
            return ""
        if len(pids) > self._limits.processes:
            return f"It started more than {self._limits.processes} processes."
        resident = sum(self._resident(pid) for pid in pids)
        if resident <= min(self._highest, self._limits.memory_bytes):
            return ""
        self._highest = max(self._highest, resident)
        used = sum(self._proportional(pid) for pid in pids)  # slower: a page that processes share is divided among them
        self.peak_bytes = max(self.peak_bytes, used)
        if used > self._limits.memory_bytes:
            return f"It used more than {self._limits.memory_bytes / 2**30:.1f} GB of memory."
        return ""

    def _resident(self, pid: str) -> int:
        text = self._read(f"{pid}/statm")
        return int(text.split()[1]) * _PAGE if text else 0

    def _proportional(self, pid: str) -> int:
        for line in self._read(f"{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return self._resident(pid)

    def _read(self, name: str) -> str:
        try:
            handle = os.open(name, os.O_RDONLY, dir_fd=self._proc)
            with os.fdopen(handle) as file:
                return file.read()
        except OSError:
            return ""
