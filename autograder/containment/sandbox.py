"""What keeps a student's code in: the kinds of containment, what is visible inside, how much a kernel may use."""

from __future__ import annotations

import functools
import importlib.util
import os
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import containers, warm

KINDS = ("namespaces", "bwrap", "docker", "podman", "none")
LARGEST_ANSWER = 64 * 2**20  # bytes
HOME, EXCHANGE, LIBRARY = "/home/student", "/exchange", "/course"
WORK, GIVEN, ANSWERS, SOCKETS = f"{HOME}/work", f"{EXCHANGE}/given", f"{EXCHANGE}/answers", f"{EXCHANGE}/sockets"

# What a Python process needs of a system, beside Python's own folders.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "alternatives", "fonts", "mime.types", "protocols", "services", "locale.conf")
_TEXTS = {
    "/etc/passwd": "root:x:0:0::/:/bin/sh\nstudent:x:1000:1000::/home/student:/bin/sh\n",
    "/etc/group": "root:x:0:\nstudent:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost kernel\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_ADVICE = "install bubblewrap (Debian package bubblewrap) or allow unprivileged user namespaces"


class NoSandbox(RuntimeError):
    """Student code cannot be contained here in the way that was asked for; says so in one sentence."""


@dataclass(frozen=True)
class Limits:
    """What one kernel may use; one that uses more is ended.

    memory_bytes: of all its processes together; processes: those and their threads; file_bytes: of home, work and
    temporary files together; notebook_seconds: from its start.
    """

    memory_bytes: int = 3 * 2**30
    processes: int = 128
    file_bytes: int = 512 * 2**20
    notebook_seconds: float = 3600.0


class View:
    """What of this machine a kernel sees, read-only and at the same paths; everything else is not there.

    Of the course itself nothing is visible, also where it is installed as a package or where its folder lies within a
    visible one.
    """

    def __init__(self):
        packages = [path for path in (*sys.path, site.getusersitepackages()) if path.rstrip("/").endswith(("site-packages", "dist-packages"))]
        places = [*_SYSTEM, *(f"/etc/{name}" for name in _ETC), sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *packages]
        found = {os.path.abspath(place) for place in places if os.path.lexists(place)}
        found |= {os.path.realpath(place) for place in found}
        found -= {"/"}
        hidden = {os.path.abspath(place) for place in _of_the_course()}
        self.visible = sorted(place for place in found if not _within(place, found - {place}) or _within(place, hidden))
        self.hidden = sorted(place for place in hidden if _within(place, found) and place not in found)
        self.texts = _TEXTS


def _within(place: str, places: set[str]) -> bool:
    return any(place.startswith(other.rstrip("/") + "/") for other in places)


def _of_the_course() -> list[str]:
    """The checkout or the installed packages of this course: solutions, tests and all that judges."""
    found = [str(Path(__file__).resolve().parents[1])]
    for name in ("helpers", "solutions", "tests"):
        spec = importlib.util.find_spec(name)
        found += [os.path.realpath(place) for place in (spec.submodule_search_locations or ())] if spec else []
    root = Path(__file__).resolve().parents[2]
    return [str(root)] if (root / "solutions").is_dir() else found


def rlimits(limits: Limits) -> dict[str, int]:
    """The system's own limits for a fresh process, by name in the module resource."""
    # Address space that is only reserved does not count; 2 GiB is more than what the libraries themselves take.
    return {"RLIMIT_CORE": 1, "RLIMIT_DATA": limits.memory_bytes + 2**31, "RLIMIT_FSIZE": limits.file_bytes, "RLIMIT_NOFILE": 1024}


@functools.cache
def choose(asked: str) -> str:
    """The kind of sandbox to use for "auto" or a kind by name. Raises NoSandbox where it cannot be used here."""
    if asked not in ("auto", *KINDS):
        raise NoSandbox(f"There is no sandbox called {asked}: please choose auto, {', '.join(KINDS[:-1])} or none.")
    if asked == "none":
        return asked
    if asked in ("docker", "podman"):
        if trouble := containers.trouble(asked):
            raise NoSandbox(trouble)
        return asked
    troubles = []
    for kind in ("namespaces", "bwrap") if asked == "auto" else (asked,):
        trouble = _try(kind)
        if trouble is None:
            return kind
        troubles.append(f"{kind}: {trouble}")
    raise NoSandbox(f"Student code cannot be contained here ({'; '.join(troubles)}): please {_ADVICE}, or accept the risk with --sandbox none.")


def _try(kind: str) -> str | None:
    """Why this kind does not work here; None where it does."""
    if kind == "namespaces":
        if not warm.available():
            return "only Linux has them"
        command = [sys.executable, "-P", str(Path(__file__).with_name("namespaces.py"))]
    else:
        command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    words = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-1:])
    return None if done.returncode == 0 else words or f"exit status {done.returncode}"
