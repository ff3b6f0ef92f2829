"""Lists what a student handed in: every regular file of a folder, zips opened in memory, nothing followed out of it."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

MAX_FILES = 5_000
MAX_FILE_BYTES = 200 * 2**20
MAX_TOTAL_BYTES = 2**30  # unpacked, of one student: a zip bomb ends here
MAX_NESTING = 4  # zip in zip, as an LMS download makes them
MAX_DEPTH = 30  # folders in folders
MAX_REFUSALS = 30  # sentences; what goes beyond is counted

NOISE = re.compile(r"(^|/)(__MACOSX|\.git|__pycache__|\.DS_Store|Thumbs\.db|\._[^/]*)(/|$)")
_ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True)
class HandedIn:
    """One file of a submission.

    path: where it lay, with / between parts, zips included ("submission.zip/carry/img_to_patch.py");
    size: bytes; modified: seconds since 1970 (what the file or zip says: good for choosing between two, not for lateness);
    read: returns its bytes, at most as many as are asked for.
    """

    path: str
    size: int
    modified: float
    read: Callable[..., bytes]

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class Refused:
    """One file that was not opened: where it lay, and a sentence that says why."""

    path: str
    text: str


class _Budget:
    def __init__(self):
        self.files, self.bytes = 0, 0

    def spend(self, size: int) -> bool:
        """Whether one more file of this size may be opened."""
        self.files += 1
        self.bytes += size
        return size <= MAX_FILE_BYTES and self.files <= MAX_FILES and self.bytes <= MAX_TOTAL_BYTES


def collect(folder: Path) -> tuple[list[HandedIn], list[Refused]]:
    """Files of a student's folder, sorted by path, and those that were refused.

    Links and device files are refused; so are paths in a zip that are absolute, point upwards or are links,
    files with a password, and whatever goes beyond the limits of this module.
    """
    found, refused, budget = [], [], _Budget()
    for path, relative in _walk(Path(folder), Path(folder), refused):
        try:
            state = path.lstat()
            item = HandedIn(relative, state.st_size, state.st_mtime, lambda most=MAX_FILE_BYTES, path=path: _read_file(path, most))
            if not budget.spend(state.st_size):
                _refuse(refused, relative, "was not opened: it is too large, or there are too many files.")
            elif _is_zip(item):
                found += _unzip(item.read(), relative, 1, budget, refused)
            else:
                found.append(item)
        except OSError as error:
            _refuse(refused, relative, f"cannot be read ({error.strerror or type(error).__name__}).")
    if len(refused) > MAX_REFUSALS:
        refused[MAX_REFUSALS:] = [Refused("", f"{len(refused) - MAX_REFUSALS} more files were not opened.")]
    return sorted(found, key=lambda item: item.path), refused


def _refuse(refused: list[Refused], path: str, reason: str) -> None:
    refused.append(Refused(path, f"{path} {reason}"))


def _walk(folder: Path, root: Path, refused: list[Refused], depth: int = 0) -> Iterator[tuple[Path, str]]:
    if depth > MAX_DEPTH:
        _refuse(refused, printable(folder.relative_to(root).as_posix())[:100], "was not opened: folders lie inside each other too deeply.")
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        _refuse(refused, printable(folder.relative_to(root).as_posix()), f"cannot be read ({error.strerror or type(error).__name__}).")
        return
    for entry in entries:
        relative = printable(Path(entry.path).relative_to(root).as_posix())
        if NOISE.search(relative):
            continue
        if entry.is_symlink():
            _refuse(refused, relative, "is a link and was not followed.")
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), root, refused, depth + 1)
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path), relative
        else:
            _refuse(refused, relative, "is no regular file and was not opened.")


def printable(name: str) -> str:
    """A file name as text that can be written anywhere (names need not be valid UTF-8)."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_file(path: Path, most: int) -> bytes:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("not a regular file")
        return file.read(most)


def _is_zip(item: HandedIn) -> bool:
    """A zip by its name, or a zip that was saved under a notebook's name (checkpoints are zips too, and stay files)."""
    name = item.name.lower()
    if name.endswith(".zip"):
        return True
    return name.endswith(".ipynb") and item.read(4) == _ZIP_MAGIC


def _unzip(data: bytes, where: str, depth: int, budget: _Budget, refused: list[Refused]) -> list[HandedIn]:
    if depth > MAX_NESTING:
        _refuse(refused, where, "was not opened: zips lie inside each other too deeply.")
        return []
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except Exception as error:  # noqa: BLE001  zipfile raises many kinds for damaged files
        _refuse(refused, where, f"cannot be opened as a zip ({_reason(error)}); was the upload cut off?")
        return []
    found = []
    for member in members:
        inner = printable(member.filename.replace("\\", "/"))
        path = f"{where}/{inner}"
        if member.is_dir() or NOISE.search(inner):
            continue
        if reason := unsafe_member(member):
            _refuse(refused, path, f"was not opened: {reason}.")
            continue
        if not budget.spend(member.file_size):
            _refuse(refused, path, "was not opened: it is too large, or there are too many files.")
            continue
        item = HandedIn(path, member.file_size, _time(member), lambda most=MAX_FILE_BYTES, member=member: _read_member(archive, member, most))
        try:
            nested = _is_zip(item)
            found += _unzip(item.read(), path, depth + 1, budget, refused) if nested else [item]
        except Exception as error:  # noqa: BLE001  a damaged member
            _refuse(refused, path, f"cannot be unpacked ({_reason(error)}).")
    return found


def unsafe_member(member: zipfile.ZipInfo) -> str:
    """Why a file of a zip is not opened, "" where nothing speaks against it."""
    inner = member.filename.replace("\\", "/")
    if inner.startswith("/") or re.match(r"[A-Za-z]:", inner) or ".." in PurePosixPath(inner).parts:
        return "its path points outside the zip"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is a link or a device, not a file"
    return "it is protected by a password" if member.flag_bits & 0x1 else ""


def _time(member: zipfile.ZipInfo) -> float:
    try:
        return datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(member) as file:
        return file.read(most)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
