"""A Jupyter kernel for a student's code: contained, watched, with a clean environment and an end that nothing escapes.

No output is collected: only the outcome of each cell comes back, and files that the grader's own code writes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import stat
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

import helpers

from .. import files
from . import boxes
from .sandbox import LARGEST_ANSWER, Limits, choose
from .watch import Watch

START_SECONDS = 120.0
_MESSAGE = 2_000  # characters of an error that are kept
_LARGEST_MESSAGE = 64 * 2**20  # bytes
_INHERITED = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")
# IPython's own exit() ends the kernel a moment later; this one costs the cell that calls it.
_EXIT = "def exit(*_):\n    raise SystemExit\nquit = exit"


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: "ok", "error" (with name and text), "timeout" or "dead"; after the last two the kernel is gone."""

    state: str
    name: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}".rstrip(": ")


class _OneSpec(KernelSpecManager):
    """Knows one kernel: this Python. A kernelspec of a submission or of the machine is never looked at."""

    def get_kernel_spec(self, kernel_name):
        metadata = {"kernel_provisioner": {"provisioner_name": boxes.NAME}}
        return KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher"], display_name="Python 3", language="python", metadata=metadata)


class Kernel:
    """A running kernel that works on a copy of `folder`; `close` ends it and everything it started.

    home: a folder for its home where nothing contains it; library: a folder that lasts as long as this kernel, for what
    is importable beside installed packages; sandbox: see sandbox.choose. Raises RuntimeError where it does not start.
    """

    def __init__(self, folder: Path, home: Path, library: Path, sandbox: str = "auto", limits: Limits = Limits()):  # noqa: B008
        self.sandbox, self.limits, self.peak_bytes = choose(sandbox), limits, 0
        boxes.register()
        _fill(Path(library))
        self._client = self._watch = self._answers = None
        self._box = boxes.make(self.sandbox, folder, home, library, limits)
        # No socket holds more than a few messages, none of them larger than this: the student's process writes them.
        self._context = zmq.Context()
        self._context.setsockopt(zmq.MAXMSGSIZE, _LARGEST_MESSAGE)
        self._context.setsockopt(zmq.RCVHWM, 4)
        self._manager = KernelManager(
            kernel_spec_manager=_OneSpec(),
            connection_file=str(self._box.place / "kernel.json"),
            transport="ipc" if os.name == "posix" else "tcp",
            context=self._context,
        )
        try:
            self._manager.start_kernel(cwd=str(folder), env={**_environment(), **self._box.environment()}, box=self._box)
            self._answers = self._box.open_answers()
            self._watch = Watch(self._box.proc, limits, self._box.kill)
            self._watch.start()
            self._client = self._manager.client()
            self._client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
            started = self._wait(self._client.kernel_info(), START_SECONDS)
            self.run(_EXIT, START_SECONDS)
        except BaseException:
            self.close()
            raise
        if not self.alive:
            self.close()
            raise RuntimeError(f"The kernel did not start. {started.text}".rstrip())

    @property
    def alive(self) -> bool:
        return self._client is not None and self._manager.is_alive()

    @property
    def pid(self) -> int:
        """Process id of its first process; all others end with it."""
        return self._box.process.pid

    def run(self, code: str, timeout: float) -> Outcome:
        """Run one cell. A cell that takes longer than `timeout` seconds ends the kernel."""
        if not self.alive:
            return self._dead()
        return self._wait(self._client.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False), timeout)

    def _wait(self, message: str, timeout: float) -> Outcome:
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0:
                self.close()
                return Outcome("timeout")
            try:
                reply = self._client.get_shell_msg(timeout=min(left, 0.5))
            except queue.Empty:
                if not self.alive:
                    self.close()
                    return self._dead()
                continue
            except Exception:  # noqa: BLE001  a reply that is no Jupyter message
                continue
            if reply.get("parent_header", {}).get("msg_id") == message:
                break
        content = reply.get("content", {})
        if content.get("status") == "error":
            return Outcome("error", str(content.get("ename", ""))[:100], str(content.get("evalue", ""))[:_MESSAGE])
        return Outcome("ok")

    def _dead(self) -> Outcome:
        return Outcome("dead", text=self._watch.reason if self._watch is not None else "")

    def give(self, name: str, data: bytes) -> str:
        """Put a file where the kernel can read it and not change it; returns its path as the kernel sees it."""
        files.write(self._box.given / _plain(name), data)
        return f"{self._box.given_inside}/{name}"

    def slot(self, name: str) -> str:
        """The path, as the kernel sees it, where it may write one answer."""
        return f"{self._box.answers_inside}/{_plain(name)}"

    def take(self, name: str) -> bytes:
        """The answer that the kernel wrote. Raises OSError or ValueError where it is no file of at most 64 MiB."""
        if self._answers is None:
            raise OSError("The kernel has ended.")
        handle = os.open(_plain(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._answers)
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST_ANSWER:
                raise ValueError("The answer is no file of at most 64 MiB.")
            return file.read(LARGEST_ANSWER + 1)

    def close(self) -> None:
        """End the kernel and everything it started at once, whatever it is doing."""
        if self._watch is not None:
            self._watch.stop()
            self.peak_bytes = max(self.peak_bytes, self._watch.peak_bytes)
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        self._answers = None
        self._box.kill()
        gone = time.monotonic() + 1
        while self._manager.is_alive() and time.monotonic() < gone:
            time.sleep(0.005)  # it ends in milliseconds; jupyter_client would look again after 0.1 s
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
        self._box.close()
        self._context.destroy(linger=0)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _plain(name: str) -> str:
    if not re.fullmatch(r"[\w-][\w.-]{0,99}", name):
        raise ValueError("The name of an exchanged file has letters, digits, dots, dashes and underscores only.")
    return name


def _fill(library: Path) -> None:
    """What every kernel can import beside packages: `helpers`, unless the library has been filled already."""
    library.mkdir(parents=True, exist_ok=True)
    library.chmod(0o755)  # the student's user may be another one
    if not (library / "helpers").exists():
        own = tempfile.mkdtemp(dir=library)
        shutil.copytree(Path(helpers.__file__).parent, Path(own) / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
        with contextlib.suppress(OSError):  # another process was faster
            os.rename(Path(own) / "helpers", library / "helpers")
        shutil.rmtree(own)


def _environment() -> dict[str, str]:
    """Nothing of the grader's own environment but what a process needs to start."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join([os.path.join(sys.prefix, "bin"), os.defpath]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        "VIT_PROFILE": "smoke",
        "VIT_DATA": "MNIST-5k",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
