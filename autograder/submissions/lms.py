"""Turns what an LMS gives into one folder a student: downloads of Canvas and Moodle, zipped or unpacked, or plain folders.

The names are those that Canvas and Moodle write (canvas-lms lib/content_zipper.rb, moodle mod/assign/classes/downloader.php):
Canvas `<name>[_LATE]_<user>_<file>_<original name>`, Moodle `<name>_<participant>_assignsubmission_<kind>[_]/<path>`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from .collecting import MAX_FILE_BYTES, MAX_TOTAL_BYTES, NOISE, printable, unsafe_member

MAX_MEMBERS = 200_000
LATE_AT_LEAST = 1.0  # seconds, where the LMS says "late" and not by how much

_CANVAS = re.compile(r"(?:(?P<name>(?!(?:LATE_)?anon_[A-Za-z0-9]+_(?:\d+_|text|link)).+?)_)?(?P<late>LATE_)?(?:(?P<user>\d+)|anon_(?P<anonymous>[A-Za-z0-9]+))_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<entry>text|link)\.html)", re.S)
_MOODLE = re.compile(r"(?P<name>.*?)(?:_(?P<user>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?", re.S)
_LEFT_ALONE = re.compile(r"\.(git|svn|hg|cache|ipynb_checkpoints|pytest_cache|Trash.*|DS_Store|Spotlight-V100|fseventsd|~lock.*)|__MACOSX|__pycache__|Thumbs\.db|desktop\.ini")


class NoSubmissions(Exception):
    """There is nothing to grade; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Student:
    """One student of the class, and where the hand-in lies.

    id: as the LMS or the folder says; folder: what was handed in (empty where nothing was); name: as the LMS writes it;
    lms_id: the LMS's own number; submitted_at, due: with time zone, None where nobody has said; late_seconds: None where
    nothing is known, 0 for in time. Times never come from a file that the student wrote.
    """

    id: str
    folder: Path
    name: str = ""
    email: str = ""
    lms_id: str = ""
    submitted_at: datetime | None = None
    due: datetime | None = None
    late_seconds: float | None = None


@dataclass(frozen=True)
class _Entry:
    """One file of a download: its path with / between the parts, and how to put it somewhere."""

    path: str
    size: int
    save: Callable[[Path], None]


def students(path: Path, scratch: Path, besides: Path | None = None) -> tuple[list[Student], list[str]]:
    """The students of SUBMISSIONS_DIR sorted by id, and one sentence for each thing that was left alone.

    path: a folder with one folder for each student, a download of Canvas or Moodle as a zip, or that zip unpacked;
    scratch: where files are copied that have to be sorted; besides: a folder that is no student's. Raises NoSubmissions in one sentence.
    """
    path, scratch = Path(path), Path(scratch)
    notes: list[str] = []
    if path.is_dir():
        found = _of_folder(path, scratch, notes, besides)
    elif path.is_file():
        found = _of_zip(path, scratch, notes)
    else:
        raise NoSubmissions(f"There is no folder {path}: please give the folder that holds one folder for each student, or the zip from your LMS.")
    if not found:
        raise NoSubmissions(f"There is no student's folder in {path}: please put each student's files into a folder named by the student's id.")
    return sorted(found, key=lambda student: student.id), notes


# ------------------------------------------------------------------------------------------------------------- folders


def _of_folder(path: Path, scratch: Path, notes: list[str], besides: Path | None) -> list[Student]:
    folders, loose, odd = [], [], []
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if _LEFT_ALONE.fullmatch(entry.name) or (besides is not None and Path(entry.path).resolve() == besides.resolve()):
            continue
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        elif entry.is_file(follow_symlinks=False):
            loose.append(entry.name)
        else:
            odd.append(f"{printable(entry.name)} is a link or a device and was left alone.")
    zips = [name for name in loose if name.lower().endswith(".zip")]
    if not folders and len(zips) == 1 and not _CANVAS.fullmatch(zips[0]) and not _MOODLE.fullmatch(zips[0]):
        return _of_zip(path / zips[0], scratch, notes)
    if any(_MOODLE.fullmatch(name) for name in folders + loose):
        return _sorted(_files_below(path), _moodle, scratch, notes)
    if not folders and any(_CANVAS.fullmatch(name) for name in loose):
        return _sorted(_files_below(path), _canvas, scratch, notes)
    notes += odd
    if loose and folders:
        names = ", ".join(map(printable, loose[:5])) + (" and others" if len(loose) > 5 else "")
        notes.append(f"Left alone, since they lie in no student's folder: {names}.")
    return [Student(student, path / name) for name, student in zip(folders, _distinct(map(printable, folders)), strict=True)]


def _distinct(names: Iterator[str]) -> list[str]:
    """Ids that differ: two names that no text can tell apart (bytes that are no UTF-8) get a number."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _files_below(folder: Path) -> Iterator[_Entry]:
    """Every regular file below a folder; links come along as entries that cannot be saved, so that they are reported."""
    for place, inner, names in os.walk(folder, followlinks=False):
        for name in sorted([*names, *(one for one in inner if os.path.islink(os.path.join(place, one)))]):
            path = Path(place) / name
            state = path.lstat()
            relative = printable(path.relative_to(folder).as_posix())
            yield _Entry(relative, state.st_size, partial(_copy, path, stat.S_ISREG(state.st_mode)))


def _copy(path: Path, regular: bool, target: Path) -> None:
    if not regular:
        raise OSError("it is a link or a device")
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as source, open(target, "xb") as file:
        shutil.copyfileobj(source, file, 2**20)


# ---------------------------------------------------------------------------------------------------------------- zips


def _of_zip(path: Path, scratch: Path, notes: list[str]) -> list[Student]:
    try:
        archive = zipfile.ZipFile(path)
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise NoSubmissions(f"{path} cannot be opened as a zip ({error}): please download it from your LMS again.") from error
    with archive:
        if len(members) > MAX_MEMBERS:
            raise NoSubmissions(f"{path} holds {len(members)} files, which is no class: please give a folder with one folder for each student.")
        entries = [_Entry(printable(member.filename.replace("\\", "/")), member.file_size, partial(_extract, archive, member)) for member in members]
        entries = _without_top(entries)
        tops = [entry.path.split("/")[0] for entry in entries]
        if any(_MOODLE.fullmatch(top) for top in tops):
            return _sorted(entries, _moodle, scratch, notes)
        if any("/" not in entry.path and _CANVAS.fullmatch(entry.path) for entry in entries):
            return _sorted(entries, _canvas, scratch, notes)
        return _sorted(entries, _plain, scratch, notes)


def _without_top(entries: list[_Entry]) -> list[_Entry]:
    """Entries without the one folder that all of them lie in, as a zip of an unpacked download has it."""
    while entries:
        tops = {entry.path.split("/")[0] for entry in entries if not NOISE.search(entry.path)}
        inner = {tuple(entry.path.split("/")[1:2]) for entry in entries if not NOISE.search(entry.path)}
        if len(tops) != 1 or () in inner or _MOODLE.fullmatch(next(iter(tops))) or next(iter(tops)) in ("", ".."):
            return entries
        deeper = any(entry.path.count("/") > 1 or _CANVAS.fullmatch(entry.path.split("/")[1]) for entry in entries)
        if not deeper:  # one student's folder of files
            return entries
        entries = [_Entry(entry.path.partition("/")[2], entry.size, entry.save) for entry in entries if not NOISE.search(entry.path)]
    return entries


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    if reason := unsafe_member(member):
        raise OSError(reason)
    with archive.open(member) as source, open(target, "xb") as file:
        left = MAX_FILE_BYTES
        while data := source.read(min(2**20, left + 1)):
            left -= len(data)
            if left < 0:
                raise OSError("it is larger than it says")
            file.write(data)


# ------------------------------------------------------------------------------------------------------------- sorting


def _canvas(path: str) -> tuple[str, str, str, bool | None, str] | None:
    """(id, name, LMS id, whether late, path in the student's folder) of a file of a Canvas download."""
    top, _, below = path.partition("/")
    found = _CANVAS.fullmatch(top)
    if found is None:
        return None
    user = found["user"] or found["anonymous"]
    rest = found["rest"] or f"{found['entry']}.html"
    return user, found["name"] or "", user, found["late"] is not None, f"{rest}/{below}" if below else rest


def _moodle(path: str) -> tuple[str, str, str, bool | None, str] | None:
    """The same for a file of a Moodle download, which says nothing about late."""
    top, _, below = path.partition("/")
    found = _MOODLE.fullmatch(top)
    if found is None:
        return None
    rest = below or found["rest"] or ""
    return (found["user"] or found["name"], found["name"], found["user"] or "", None, rest) if rest else None


def _plain(path: str) -> tuple[str, str, str, bool | None, str] | None:
    """The same for a zip of folders named by the students' ids."""
    top, _, below = path.partition("/")
    return (top, "", "", None, below) if below and top not in ("", ".", "..") and not _LEFT_ALONE.fullmatch(top) else None


def _sorted(entries, whose: Callable, scratch: Path, notes: list[str]) -> list[Student]:
    """Put each file into its student's folder below scratch/collected."""
    root = Path(scratch) / "collected"
    found: dict[str, Student] = {}
    spent: dict[str, int] = {}
    for entry in entries:
        if NOISE.search(entry.path):
            continue
        owner = whose(entry.path)
        if owner is None:
            notes.append(f"{_short(entry.path)} belongs to no student and was left alone.")
            continue
        student, name, lms_id, late, rest = owner
        seconds = None if late is None else LATE_AT_LEAST if late else 0.0
        if student not in found:
            folder = root / f"{len(found):05d}"
            folder.mkdir(parents=True)
            found[student] = Student(student, folder, name, lms_id=lms_id, late_seconds=seconds)
        elif late and not found[student].late_seconds:
            found[student] = Student(student, found[student].folder, name, lms_id=lms_id, late_seconds=seconds)
        spent[student] = spent.get(student, 0) + entry.size
        if entry.size > MAX_FILE_BYTES or spent[student] > MAX_TOTAL_BYTES:
            notes.append(f"{student}: {_short(rest)} was left out: it is too large.")
            continue
        target = _free(found[student].folder, rest)
        if target is None:
            notes.append(f"{student}: {_short(rest)} was left out: its path points outside the folder.")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            entry.save(target)
        except Exception as error:  # noqa: BLE001  zipfile raises many kinds for damaged members
            target.unlink(missing_ok=True)
            notes.append(f"{student}: {_short(rest)} was left out: {str(error).splitlines()[0] if str(error) else type(error).__name__}.")
    return list(found.values())


def _free(folder: Path, path: str) -> Path | None:
    """A path below a folder for a file, cleaned and not taken yet, also where upper and lower case are the same."""
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:[\\/]", path):
        return None
    clean = [_clean(part) for part in parts if part not in (".", "")] or ["file"]
    parent = folder.joinpath(*clean[:-1])
    taken = {name.casefold() for name in os.listdir(parent)} if parent.is_dir() else set()
    stem, dot, suffix = clean[-1].partition(".")
    number, name = 1, clean[-1]
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{dot}{suffix}"
    return parent / name


def _clean(part: str) -> str:
    """One part of a path without characters that some file system refuses, at most 150 bytes long, its ending kept."""
    part = re.sub(r'[\x00-\x1f\x7f\\/:*?"<>|]+', "_", part).strip(" ") or "file"
    stem, suffix = os.path.splitext(part)
    room = 150 - len(suffix.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[: max(room, 1)].decode(errors="ignore")
    return (stem + suffix)[-150:]


def _short(path: str) -> str:
    text = re.sub(r"\s+", " ", path)
    return text if len(text) <= 120 else f"{text[:117]}..."


def keys(ids: list[str], key_of: Callable[[str], str]) -> dict[str, str]:
    """id -> folder name for each student, different also where a file system takes upper and lower case for the same."""
    made = {student: key_of(student) for student in ids}
    folded: dict[str, int] = {}
    for key in made.values():
        folded[key.casefold()] = folded.get(key.casefold(), 0) + 1
    twice = {student for student, key in made.items() if folded[key.casefold()] > 1}
    return {student: f"{key}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}" if student in twice else key for student, key in made.items()}
