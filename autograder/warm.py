"""The warm process of a worker: it has imported what notebooks import, and forks a kernel in a fraction of a second."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

_lock = threading.Lock()
_warm: subprocess.Popen | None = None


def available() -> bool:
    """Whether kernels can be forked here (macOS has fork, but its libraries do not survive it)."""
    return sys.platform.startswith("linux")


def fork(asked: dict) -> int:
    """Process id of a new kernel; `asked` as zygote.py takes it. A warm process that has ended is started again, once.

    Raises RuntimeError where the kernel cannot be started.
    """
    global _warm
    with _lock:
        for _ in range(2):
            if _warm is None or _warm.poll() is not None:
                _warm = _start()
            try:
                _warm.stdin.write(json.dumps(asked) + "\n")
                _warm.stdin.flush()
                if line := _warm.stdout.readline():
                    answer = json.loads(line)
                    if "pid" in answer:
                        return answer["pid"]
                    raise RuntimeError(f"The kernel cannot be contained: {answer['error']}.")
            except OSError:
                pass
            _warm.kill()
            _warm.wait()
    raise RuntimeError("The process that kernels are forked from has ended.")


def begin() -> None:
    """Start the warm process now, so that its imports are done when the first kernel is asked for."""
    global _warm
    with _lock:
        if _warm is None:
            _warm = _start()


def pid() -> int | None:
    """Process id of the warm process, None before the first kernel."""
    return _warm.pid if _warm is not None else None


def _start() -> subprocess.Popen:
    # Nothing of the grader's environment: kernels inherit this memory.
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH") if name in os.environ}
    fonts = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vision-transformer-course"
    environment |= {"HOME": "/", "MPLCONFIGDIR": str(fonts), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__).with_name("zygote.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment, cwd="/", start_new_session=True,
    )  # fmt: skip
    atexit.register(process.kill)
    return process
