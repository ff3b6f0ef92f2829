"""The places kernels run in, one class for each kind of sandbox: how it starts, how it is ended, where answers are exchanged.

jupyter_client starts them through `Provisioner`, its own extension point.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from .. import files
from . import containers, sandbox, warm
from .sandbox import ANSWERS, EXCHANGE, GIVEN, SOCKETS, WORK, Limits, View

NAME = "vit-course"
_READY_SECONDS = 60.0


def register() -> None:
    """Make the provisioner known to jupyter_client in this process, as an installed entry point would be."""
    point = EntryPoint(name=NAME, value=f"{__name__}:Provisioner", group=KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.instance().provisioners[NAME] = point


class Provisioner(LocalProvisioner):
    """Starts a kernel in the box that `start_kernel(box=...)` was given."""

    async def launch_kernel(self, cmd, *, box: Box, **kwargs):
        """Start the kernel. Raises RuntimeError where it cannot be started."""
        connection = {name: value.decode() if isinstance(value, bytes) else value for name, value in self.connection_info.items()}
        self.process = box.start(connection, kwargs["env"])
        self.pid, self.pgid, self.cwd = self.process.pid, None, box.folder
        return self.connection_info | {"ip": box.ip}


class Ended:
    """The part of subprocess.Popen that a provisioner needs, for a process that need not be this process's child.

    lease: is closed with it, see `warm.fork`.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, lease: socket.socket | None = None):
        self.pid, self._lease, self._handle = pid, lease, os.pidfd_open(pid)  # a process id may be given to another process, this handle not

    def poll(self) -> int | None:
        """None while it runs, else 0 (its exit status is not known)."""
        if self._handle is None or select.select([self._handle], [], [], 0)[0]:
            return 0
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, `timeout` seconds at most; 0."""
        if self._handle is not None:
            select.select([self._handle], [], [], timeout)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it; nothing where it has ended, as subprocess.Popen does."""
        with contextlib.suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Forget it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if self._lease is not None:
            self._lease.close()


class Box:
    """No containment: a process group of its own in a folder of the machine.

    folder: working directory, whose content the kernel gets; library: folder of what is importable beside packages.
    """

    def __init__(self, folder: Path, home: Path, library: Path, limits: Limits):
        self.folder, self.home, self.library, self.limits = Path(folder).resolve(), Path(home), Path(library).resolve(), limits
        self.place = Path(tempfile.mkdtemp(prefix="vit-"))  # short: a socket's path may have about 100 characters
        self.given, self.answers, self.sockets = self.place / "given", self.place / "answers", self.place / "sockets"
        for part in (self.given, self.answers, self.sockets):
            part.mkdir()
            part.chmod(0o755)  # whatever the umask: the student's user may be another one
        self.process = None
        self.proc: int | None = None  # /proc as it is seen within, where it is known
        self._handles: list[int] = []

    work = property(lambda self: str(self.folder))
    given_inside = property(lambda self: str(self.given))
    answers_inside = property(lambda self: str(self.answers))
    ip = property(lambda self: str(self.sockets / "kernel"))
    connection_file = property(lambda self: str(self.sockets / "kernel.json"))

    def environment(self) -> dict[str, str]:
        """Where the kernel finds what it needs, as it sees it."""
        return {"HOME": str(self.home), "TMPDIR": str(self.home), "PYTHONPATH": str(self.library)}

    def start(self, connection: dict, environment: dict[str, str]):
        """Start the kernel; returns an object like subprocess.Popen. Raises RuntimeError where it does not start."""
        self.home.mkdir(parents=True, exist_ok=True)
        if warm.available():
            files.write(Path(self.connection_file), json.dumps(connection | {"ip": self.ip}))
            asked = {"kind": "none", "argv": ["-f", self.connection_file], "cwd": self.work, "env": environment}
            self.process = Ended(*warm.fork(asked))
        else:
            self.process = self._fresh([sys.executable, "-P", "-B", str(self.given / "inside.py")], connection, environment)
        return self.process

    def _fresh(self, command: list[str], connection: dict, environment: dict[str, str], folder: str | None = None, limits: dict | None = None, **options):
        """Start a fresh Python that takes the last steps itself."""
        shutil.copyfile(Path(__file__).with_name("inside.py"), self.given / "inside.py")
        start = {
            "folder": folder or self.work, "work": self.work, "connection_file": self.connection_file,
            "connection": connection | {"ip": os.path.splitext(self.connection_file)[0]}, "limits": limits or {},
        }  # fmt: skip
        files.write(self.given / "start.json", json.dumps(start))
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, env=environment, cwd="/", start_new_session=True, **quiet, **options)

    def open_answers(self) -> int:
        """A handle of the folder of answers, seen from outside, which nothing inside can put another folder in the place of."""
        return self._keep(os.open(self.answers, os.O_RDONLY | os.O_DIRECTORY))

    def _keep(self, handle: int) -> int:
        self._handles.append(handle)
        return handle

    def kill(self) -> None:
        """End the kernel and everything it started, as far as this kind of box can."""
        if self.process is not None:
            with contextlib.suppress(OSError, AttributeError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()

    def close(self) -> None:
        """End the kernel and remove every trace of it."""
        self.kill()
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            if isinstance(self.process, Ended):
                self.process.close()
            self.process = None
        for handle in self._handles:
            os.close(handle)
        self._handles.clear()
        shutil.rmtree(self.place, ignore_errors=True)


class _Hidden(Box):
    """A box whose inside cannot be seen from the machine: fixed paths, a home in memory."""

    work, given_inside, answers_inside = WORK, GIVEN, ANSWERS
    connection_file = f"{SOCKETS}/kernel.json"

    def environment(self) -> dict[str, str]:
        return {"HOME": sandbox.HOME, "TMPDIR": "/tmp", "PYTHONPATH": sandbox.LIBRARY}

    def _look_in(self, pid: int) -> None:
        """Open what is read from outside. It is done before the first line of a student's code runs."""
        self._sockets, self._answers, self.proc = (
            self._keep(os.open(f"/proc/{pid}/root{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)) for place in (SOCKETS, ANSWERS, "/proc")
        )

    @property
    def ip(self) -> str:
        return f"/proc/self/fd/{self._sockets}/kernel"

    def open_answers(self) -> int:
        return self._answers


class NamespaceBox(_Hidden):
    """Namespaces of its own, entered by a process forked from the warm one."""

    def start(self, connection: dict, environment: dict[str, str]):
        """Fork the kernel; see `Box.start`."""
        stage = self.place / "root"
        stage.mkdir()
        view = View()
        plan = {
            "stage": str(stage), "visible": view.visible, "hidden": view.hidden, "texts": view.texts, "home": sandbox.HOME, "exchange": EXCHANGE,
            "library": str(self.library), "library_inside": sandbox.LIBRARY,
            "folder": str(self.folder), "given": str(self.given), "connection": json.dumps(connection | {"ip": f"{SOCKETS}/kernel"}),
            "memory_bytes": self.limits.memory_bytes, "processes": self.limits.processes, "file_bytes": self.limits.file_bytes,
            "exchange_bytes": 2 * sandbox.LARGEST_ANSWER,
        }  # fmt: skip
        asked = {"kind": "namespaces", "argv": ["-f", self.connection_file], "cwd": WORK, "env": environment, "plan": plan}
        self.process = Ended(*warm.fork(asked))
        self._look_in(self.process.pid)
        return self.process


class BubblewrapBox(_Hidden):
    """A fresh process that bubblewrap starts."""

    def start(self, connection: dict, environment: dict[str, str]):
        """Start bwrap; see `Box.start`."""
        told, tell = os.pipe()
        command = containers.bubblewrap(View(), str(self.folder), str(self.library), str(self.given), self.limits, tell)
        inside = [sys.executable, "-P", "-B", f"{GIVEN}/inside.py"]
        try:
            self.process = self._fresh([*command, *inside], connection, environment, f"{EXCHANGE}/folder", sandbox.rlimits(self.limits), pass_fds=(tell,))
        finally:
            os.close(tell)
        with os.fdopen(told) as file:
            said = file.read()
        if not said:
            raise RuntimeError("bubblewrap could not make a sandbox: please try `bwrap --unshare-all --ro-bind / / true`.")
        self._first = Ended(json.loads(said)["child-pid"])
        self._wait_until_made()
        return self.process

    def _wait_until_made(self) -> None:
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            # The root is in place as soon as this process is seen to have it.
            inside = f"/proc/{self._first.pid}/root"
            if all(os.path.isdir(inside + place) for place in (SOCKETS, "/proc/1")):
                return self._look_in(self._first.pid)
            time.sleep(0.02)
        raise RuntimeError("bubblewrap did not start the kernel.")

    def kill(self) -> None:
        if getattr(self, "_first", None) is not None:
            self._first.kill()
            self._first.wait(10)  # bwrap itself may end a moment before
        super().kill()

    def close(self) -> None:
        super().close()
        if getattr(self, "_first", None) is not None:
            self._first.close()
            self._first = None


class ContainerBox(_Hidden):
    """A container of docker or podman. Written after their manuals; it was not run where the other kinds were tested."""

    def __init__(self, engine: str, *arguments):
        super().__init__(*arguments)
        self.engine, self.name = engine, self.place.name
        for part in (self.answers, self.sockets):
            part.chmod(0o777)  # their parent folder lets nobody else in

    ip = property(lambda self: str(self.sockets / "kernel"))
    open_answers = Box.open_answers

    def start(self, connection: dict, environment: dict[str, str]):
        """Run the container; see `Box.start`."""
        shares = {str(self.folder): f"{EXCHANGE}/folder", str(self.given): GIVEN, str(self.library): sandbox.LIBRARY}
        writable = {str(self.answers): ANSWERS, str(self.sockets): SOCKETS}
        command = containers.engine(self.engine, self.name, shares, writable, environment, self.limits)
        command += ["python3", "-P", "-B", f"{GIVEN}/inside.py"]
        self.process = self._fresh(command, connection, dict(os.environ), f"{EXCHANGE}/folder", sandbox.rlimits(self.limits))
        return self.process

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            subprocess.run([self.engine, "kill", self.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        super().kill()


def make(kind: str, folder: Path, home: Path, library: Path, limits: Limits) -> Box:
    """A box of this kind, not started."""
    if kind in ("docker", "podman"):
        return ContainerBox(kind, folder, home, library, limits)
    return {"none": Box, "namespaces": NamespaceBox, "bwrap": BubblewrapBox}[kind](folder, home, library, limits)
