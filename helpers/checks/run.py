"""Runs a student's code for a check: always ends, never raises, leaves the session's random state alone."""

from __future__ import annotations

import contextlib
import ctypes
import io
import threading
import time
import warnings
import zlib

import torch

LIMIT_SECONDS = 10.0


class _Stop(BaseException):
    """Raised inside a student's endless loop to end it."""


def generator(seed: int, *names: object) -> torch.Generator:
    """A generator that depends on the seed and on a purpose, so that probes stay independent."""
    mixed = zlib.crc32(repr((int(seed),) + names).encode()) ^ (int(seed) & 0xFFFFFFFF)
    return torch.Generator().manual_seed(mixed * 2654435761 % 2**63)


@contextlib.contextmanager
def one_core():
    """Tensors are tiny here, and on a busy machine threads that wait for each other took a check ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def bounded(work, limit: float = LIMIT_SECONDS):
    """Run `work()` and return (result, error): error is None, an exception, or TimeoutError after `limit` seconds.

    The work runs in a thread of its own: a loop that swallows every exception cannot keep the caller waiting.
    """
    box: dict[str, object] = {}

    def target():
        try:
            with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                box["result"] = work()
        except BaseException as error:  # noqa: BLE001  student code may raise anything, SystemExit included
            box["error"] = error

    thread = threading.Thread(target=target, daemon=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        thread.start()  # a probe calls the code some hundred times: its prints would bury the report
        thread.join(limit)
    if not thread.is_alive():
        return box.get("result"), box.get("error")
    threading.Thread(target=_end, args=(thread,), daemon=True).start()
    return None, TimeoutError(f"still running after {limit:.0f} s")


def _end(thread: threading.Thread) -> None:
    """Raise _Stop in the thread until it ends (a bare `except:` may swallow the first few)."""
    for _ in range(200):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop))
        time.sleep(0.05)


def attempt(work):
    """Run one call of student code: (value, "") or (None, "ErrorName: first line")."""
    try:
        return work(), ""
    except _Stop:
        raise
    except BaseException as error:  # noqa: BLE001
        return None, describe(error)


def beside(cls) -> dict:
    """The names of the cell or file that a student's class was written in: what else the class is built of."""
    return getattr(getattr(cls, "__init__", None), "__globals__", {})


def describe(error: BaseException) -> str:
    """`Name: first line` of an exception, short enough to show."""
    try:
        lines = str(error).strip().splitlines()
    except BaseException:  # noqa: BLE001  a hostile __str__
        lines = []
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def tensor(value) -> torch.Tensor | None:
    """A plain detached CPU copy of a tensor, None for anything else."""
    if not isinstance(value, torch.Tensor):
        return None
    return value.detach().to("cpu").clone().as_subclass(torch.Tensor)


def tensor_of(model, x: torch.Tensor) -> torch.Tensor:
    """Output of a model for a copy of x, detached, without gradient. Raises TypeError where it is no tensor."""
    with torch.no_grad():
        out = model(x.clone())
    if not isinstance(out, torch.Tensor):
        raise TypeError("forward did not return a tensor")
    return out.detach().clone()


def close(a, b, tolerance: float = 1e-4) -> bool:
    """Same shape, all finite, and nearly equal relative to the size of b."""
    if a is None or b is None or tuple(a.shape) != tuple(b.shape):
        return False
    a, b = a.double(), b.double()
    if not (torch.isfinite(a).all() and torch.isfinite(b).all()):
        return False
    scale = max(1.0, b.abs().max().item()) if b.numel() else 1.0
    return (a - b).abs().max().item() <= tolerance * scale if b.numel() else True
