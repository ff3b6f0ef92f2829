"""The warm process: it has imported what notebooks import, and forks a kernel in a fraction of a second.

A run starts one for all its workers (`share`); a process that knows of none, or whose one has ended, starts its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_lock = threading.Lock()
_warm: Warm | None = None
_shared = ""  # address of the run's, "" where there is none


def available() -> bool:
    """Whether kernels can be forked here (macOS has fork, but its libraries do not survive it)."""
    return sys.platform.startswith("linux")


class Warm:
    """A warm process of this one, which ends with it."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="vit-warm-", ignore_cleanup_errors=True)
        self.address = os.path.join(self._place.name, "kernels")
        # Nothing of the grader's environment: kernels inherit this memory.
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH") if name in os.environ}
        fonts = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vision-transformer-course"
        environment |= {"HOME": "/", "MPLCONFIGDIR": str(fonts), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
        # Memory that a model's step gives back stays at hand for the next one (glibc): asking the system for it anew costs a tenth.
        environment |= {"MALLOC_MMAP_THRESHOLD_": str(2**26), "MALLOC_TRIM_THRESHOLD_": str(2**28)}
        environment |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # no warning about a debugger that nobody uses
        with socket.socket(socket.AF_UNIX) as listening, _short(self.address) as short:
            listening.bind(short)
            listening.listen(64)
            # Its stdin is a pipe that nobody writes to: it ends when this process does.
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("zygote.py")), str(listening.fileno())], pass_fds=(listening.fileno(),),
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd="/", start_new_session=True,
            )  # fmt: skip
        atexit.register(self.end)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """End it, and with it every kernel that it has forked."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self._place.cleanup()
        atexit.unregister(self.end)


def fork(asked: dict) -> tuple[int, socket.socket]:
    """Process id of a new kernel, and what ends it when it is closed; `asked` as zygote.py takes it.

    A warm process that has ended is started again, once. Raises RuntimeError where the kernel cannot be started.
    """
    global _warm, _shared
    if _shared and (kernel := _ask(_shared, asked)) is not None:
        return kernel
    with _lock:
        _shared = ""
        for _ in range(2):
            if _warm is None or not _warm.alive:
                _warm = Warm()
            if (kernel := _ask(_warm.address, asked)) is not None:
                return kernel
            _warm.end()
    raise RuntimeError("The process that kernels are forked from has ended.")


def use(address: str) -> None:
    """Take kernels from the warm process of another one, as long as it lasts."""
    global _shared
    _shared = address


def pid() -> int | None:
    """Process id of this process's own warm process, None before its first kernel."""
    return _warm.process.pid if _warm is not None else None


def _ask(address: str, asked: dict) -> tuple[int, socket.socket] | None:
    """A kernel of the warm process at an address, see `fork`; None where that process has ended."""
    own = socket.socket(socket.AF_UNIX)
    try:
        _connect(own, address)
        own.sendall(json.dumps(asked).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n") and (part := own.recv(65536)):
            line += part
        if not line:  # no answer: has it ended, or only what it forked?
            with socket.socket(socket.AF_UNIX) as again:
                _connect(again, address)
        answer = json.loads(line or '{"error": "the process ended before the kernel began"}')
    except OSError:
        own.close()
        return None
    if "pid" in answer:
        return answer["pid"], own
    own.close()
    raise RuntimeError(f"The kernel cannot be contained: {answer['error']}.")


def _connect(own: socket.socket, address: str) -> None:
    with _short(address) as short:
        own.connect(short)


@contextlib.contextmanager
def _short(address: str) -> Iterator[str]:
    """The same place by a path that is short enough for a socket, whatever folder temporary files lie in."""
    folder, name = os.path.split(address)
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{number}/{name}"
    finally:
        os.close(number)
