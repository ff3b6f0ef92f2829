"""A Jupyter kernel for a student's code: a process group of its own, a clean environment, an end that nothing escapes.

No output is collected: only the outcome of each cell comes back, and files that the grader's own code writes.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

import helpers

from . import warm

START_SECONDS = 120.0
_MESSAGE = 2_000  # characters of an error that are kept
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
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
        # -P: the working folder, where files of the student's lie, is not searched for modules at the start.
        argv = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        metadata = {"kernel_provisioner": {"provisioner_name": warm.NAME}} if warm.available() else {}
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata=metadata)


class Kernel:
    """A running kernel with `folder` as working directory; `close` ends it and everything it started.

    home: a folder for its home and temporary files; library: a folder that lasts as long as this process, for what is
    importable beside installed packages. Raises RuntimeError where the kernel does not start.
    """

    def __init__(self, folder: Path, home: Path, library: Path):
        warm.register()
        self._sockets = tempfile.TemporaryDirectory(prefix="vit-")  # short: a socket's path may have about 100 characters
        self._manager = KernelManager(
            kernel_spec_manager=_OneSpec(),
            connection_file=os.path.join(self._sockets.name, "k.json"),
            transport="ipc" if os.name == "posix" else "tcp",
        )
        self._client = None
        environment = _environment(Path(home), Path(library))
        try:
            self._manager.start_kernel(cwd=str(folder), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._group = getattr(self._manager.provisioner, "pgid", None)
            self._client = self._manager.client()
            self._client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
            self._wait(self._client.kernel_info(), START_SECONDS)
            self.run(_EXIT, START_SECONDS)
        except BaseException:
            self.close()
            raise
        if not self.alive:
            self.close()
            raise RuntimeError("The kernel did not start.")

    @property
    def alive(self) -> bool:
        return self._client is not None and self._manager.is_alive()

    def run(self, code: str, timeout: float) -> Outcome:
        """Run one cell. A cell that takes longer than `timeout` seconds ends the kernel."""
        if not self.alive:
            return Outcome("dead")
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
                    return Outcome("dead")
                continue
            except Exception:  # noqa: BLE001  a reply that is no Jupyter message
                continue
            if reply.get("parent_header", {}).get("msg_id") == message:
                break
        content = reply.get("content", {})
        if content.get("status") == "error":
            return Outcome("error", str(content.get("ename", ""))[:100], str(content.get("evalue", ""))[:_MESSAGE])
        return Outcome("ok")

    def close(self) -> None:
        """End the kernel and its process group at once, whatever it is doing."""
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if getattr(self, "_group", None) and hasattr(os, "killpg"):
            try:
                os.killpg(self._group, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
        self._sockets.cleanup()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def _environment(home: Path, library: Path) -> dict[str, str]:
    """Nothing of the grader's own environment but what a process needs to start; `helpers` alone is importable beside packages."""
    for folder in (home, library):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        (library / "helpers").symlink_to(Path(helpers.__file__).resolve().parent, target_is_directory=True)
    except FileExistsError:
        pass
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(library / "matplotlib"),  # its font cache takes seconds to build
        "PYTHONPATH": str(library),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        "VIT_PROFILE": "smoke",
        "VIT_DATA": "MNIST-5k",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
