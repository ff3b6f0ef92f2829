"""Starts kernels in a fraction of a second: a jupyter_client provisioner whose kernels are forked from a warm process.

One warm process serves one worker. Where the system cannot fork safely, kernels are started as usual.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "vit-course-warm"
_lock = threading.Lock()
_warm: subprocess.Popen | None = None


def available() -> bool:
    """Whether kernels can be forked here (macOS has fork, but its libraries do not survive it)."""
    return sys.platform.startswith("linux")


def register() -> None:
    """Make the provisioner known to jupyter_client in this process, as an installed entry point would be."""
    point = EntryPoint(name=NAME, value=f"{__name__}:WarmProvisioner", group=KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.instance().provisioners[NAME] = point


class WarmProvisioner(LocalProvisioner):
    """Forks the kernel from this worker's warm process; otherwise a local kernel like any other."""

    async def launch_kernel(self, cmd, **kwargs):
        """Start the kernel. Raises RuntimeError where the warm process cannot be started."""
        environment = kwargs["env"]
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = Forked(_fork({"argv": argv, "cwd": str(kwargs["cwd"]), "env": environment}))
        self.pid = self.pgid = self.process.pid  # it leads a session of its own
        self.cwd = kwargs["cwd"]
        return self.connection_info


class Forked:
    """The part of subprocess.Popen that a provisioner needs, for a process that is not this process's child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs, else 0 (its exit status is not known)."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        """0; called only after `poll` said that it has ended."""
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it; nothing where it has ended, as subprocess.Popen does."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _fork(asked: dict) -> int:
    """Process id of a new kernel. Student code may have ended the warm process: it is started again, once."""
    global _warm
    with _lock:
        for _ in range(2):
            if _warm is None or _warm.poll() is not None:
                _warm = _start(asked["env"])
            try:
                _warm.stdin.write(json.dumps(asked) + "\n")
                _warm.stdin.flush()
                if answer := _warm.stdout.readline():
                    return json.loads(answer)["pid"]
            except OSError:
                pass
            _warm.kill()
            _warm.wait()
    raise RuntimeError("The process that kernels are forked from has ended.")


def _start(environment: dict[str, str]) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, cwd="/", start_new_session=True,
    )  # fmt: skip
    atexit.register(process.kill)
    return process
