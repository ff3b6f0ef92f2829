"""Command lines that start a kernel in a fresh process: bubblewrap's, and those of container engines."""

from __future__ import annotations

import os
import shutil
import subprocess

from . import sandbox

IMAGE = os.environ.get("VIT_KERNEL_IMAGE", "vision-transformer-course")  # an image with the packages of this course, python3 on its PATH

_MASKED = ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs")  # where root runs bwrap, its user within could write there


def bubblewrap(view: sandbox.View, folder: str, library: str, given: str, limits: sandbox.Limits, told: int) -> list[str]:
    """bwrap and its options; the command to run is to follow. told: a file descriptor for what bwrap says about itself."""
    places = []
    for place in sorted({*view.visible, *view.hidden}, key=lambda path: path.count("/")):
        if place in view.hidden:
            places += ["--tmpfs", place]
        elif os.path.islink(place):
            places += ["--symlink", os.readlink(place), place]
        else:
            places += ["--ro-bind", place, place]
    size = str(limits.file_bytes // 3)
    return [
        "bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--uid", "1000", "--gid", "1000", "--hostname", "kernel", "--info-fd", str(told),
        "--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", sandbox.HOME, "--dir", sandbox.WORK,
        *places, "--ro-bind", library, sandbox.LIBRARY, "--dir", "/etc",
        *(part for place in view.texts for part in ("--ro-bind", _text_file(given, place, view.texts[place]), place)),
        "--proc", "/proc", *(part for place in _MASKED if os.path.isdir(place) for part in ("--ro-bind", place, place)), "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm",
        "--size", str(2 * sandbox.LARGEST_ANSWER), "--tmpfs", sandbox.EXCHANGE, "--dir", sandbox.ANSWERS, "--dir", sandbox.SOCKETS,
        "--ro-bind", folder, f"{sandbox.EXCHANGE}/folder", "--ro-bind", given, sandbox.GIVEN, "--remount-ro", "/", "--chdir", "/", "--",
    ]  # fmt: skip


def _text_file(given: str, place: str, text: str) -> str:
    path = os.path.join(given, os.path.basename(place))
    with open(path, "w") as file:
        file.write(text)
    return path


def engine(name: str, container: str, shares: dict[str, str], writable: dict[str, str], environment: dict[str, str], limits: sandbox.Limits) -> list[str]:
    """`docker run` or `podman run` and its options; the command to run is to follow.

    shares, writable: folders of this machine and where the container sees them. Composed after the engines' manuals.
    """
    size = limits.file_bytes // 2
    mounts = [f"type=bind,source={source},target={target},readonly" for source, target in shares.items()]
    mounts += [f"type=bind,source={source},target={target}" for source, target in writable.items()]
    return [
        name, "run", "--rm", "-i", "--init", "--name", container, "--network", "none", "--read-only", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--user", "1000:1000", "--hostname", "kernel", "--ipc", "private",
        "--memory", str(limits.memory_bytes), "--memory-swap", str(limits.memory_bytes), "--pids-limit", str(limits.processes),
        "--tmpfs", f"/tmp:size={size}", "--tmpfs", f"{sandbox.HOME}:size={size},uid=1000,gid=1000", "--workdir", "/",
        *(part for mount in mounts for part in ("--mount", mount)),
        *(part for pair in environment.items() for part in ("--env", "=".join(pair))), IMAGE,
    ]  # fmt: skip


def trouble(name: str) -> str | None:
    """One sentence on why this engine cannot be used here; None where it can."""
    if shutil.which(name) is None:
        return f"{name} is not installed: please install it, or choose another --sandbox."
    try:
        done = subprocess.run([name, "image", "inspect", IMAGE], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{name} does not answer ({error}): please start it, or choose another --sandbox."
    if done.returncode != 0:
        words = " ".join(done.stderr.strip().splitlines()[-1:])[:200]
        return f"{name} has no image {IMAGE} ({words}): please build one, or choose another --sandbox."
    return None
