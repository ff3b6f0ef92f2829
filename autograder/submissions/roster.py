"""Reads `--roster roster.csv` and brings it together with what was handed in.

The roster alone says who is missing, and with the LMS it says what is late. Exports of Canvas' gradebook and of Moodle's
grading worksheet are read as they are.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

from .lms import LATE_AT_LEAST, Student, students

# Column -> header names that mean it, letters and digits alone; of several the first counts.
HEADERS = {
    "id": ("studentid", "id", "idnumber", "username", "login", "loginid", "sisloginid", "sisuserid", "netid", "student", "matriculationnumber", "matrikelnummer", "identifier", "participantid", "user"),
    "name": ("name", "fullname", "studentname", "student"),
    "first": ("firstname", "givenname"),
    "last": ("lastname", "surname", "familyname"),
    "email": ("email", "emailaddress", "mail"),
    "lms_id": ("lmsid", "canvasid", "canvasuserid", "moodleid", "participantid", "participant", "identifier"),
    "due": ("due", "duedate", "deadline"),
    "extension": ("extension", "extended", "extendedto", "extensionto"),
    "submitted": ("submitted", "submittedat", "submissiontime", "handedin", "lastmodifiedsubmission"),
}
_FORMATS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y")
_SPAN = re.compile(r"\+?\s*(\d+(?:[.,]\d+)?)\s*(minutes?|mins?|m|hours?|h|days?|d|weeks?|w)?")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class BadRoster(ValueError):
    """The roster cannot be used; the message says in one sentence which line and what to do."""


@dataclass(frozen=True)
class Entry:
    """One line of the roster. due: extension included; times carry a time zone, UTC where the roster names none."""

    id: str
    line: int
    name: str = ""
    email: str = ""
    lms_id: str = ""
    due: datetime | None = None
    submitted: datetime | None = None


def read(path: Path) -> list[Entry]:
    """Lines of a roster: UTF-8 or UTF-16 with or without a mark; separated by comma, semicolon, tab or |.

    Raises BadRoster in one sentence.
    """
    path = Path(path)
    text = text_of(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    try:
        rows = [(number, row) for number, row in _numbered(text, delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadRoster(f"The roster {path.name} is no CSV file ({error}): please save it as CSV.") from error
    if not rows:
        raise BadRoster(f"The roster {path.name} is empty: please give a CSV file with a line for each student.")
    columns = _columns(rows[0][1])
    if "id" not in columns:
        raise BadRoster(f"The roster {path.name} has no column for the students' ids: please name it `student` in its first line.")
    return _entries(path.name, columns, rows[1:])


def text_of(path: Path) -> str:
    """The text of a roster, whatever its encoding. Raises BadRoster in one sentence where it cannot be read."""
    try:
        return _decode(Path(path).read_bytes())
    except OSError as error:
        raise BadRoster(f"The roster {path} cannot be read ({error.strerror or type(error).__name__}): please give a CSV file.") from error


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _numbered(text: str, delimiter: str):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        yield reader.line_num, row


def _columns(header: list[str]) -> dict[str, int]:
    """Column -> its place. A place means one column alone: `Student, ID` is a name and an id, `student` alone an id."""
    plain = [re.sub(r"[^0-9a-z]", "", unicodedata.normalize("NFKC", cell).casefold()) for cell in header]
    found: dict[str, int] = {}
    for column, names in HEADERS.items():
        for name in names:
            if name in plain and (column == "lms_id" or plain.index(name) not in found.values()):
                found[column] = plain.index(name)
                break
    return found


def _entries(file: str, columns: dict[str, int], rows: list[tuple[int, list[str]]]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for line, row in rows:
        said = {column: row[place].strip() if place < len(row) else "" for column, place in columns.items()}
        student = re.sub(r"^Participant (\d+)$", r"\1", said["id"])
        name = said.get("name") or " ".join(part for part in (said.get("first"), said.get("last")) if part)
        if not student:
            if re.sub(r"[^a-z]", "", name.casefold()) in ("pointspossible", "studenttest", "teststudent"):
                continue  # lines of a Canvas gradebook that are no students
            raise BadRoster(f"Line {line} of the roster {file} has no id: please add it, or take the line away.")
        if student in found:
            raise BadRoster(f"Line {line} of the roster {file} names {student} again (first on line {found[student].line}): please keep one of them.")
        due = _time(file, line, "due", said.get("due", ""), at_end=True)
        due = _extended(file, line, due, said.get("extension", ""))
        submitted = _time(file, line, "submitted", said.get("submitted", ""))
        lms_id = re.sub(r"^Participant (\d+)$", r"\1", said.get("lms_id", ""))
        found[student] = Entry(student, line, name, said.get("email", ""), lms_id, due, submitted)
    if not found:
        raise BadRoster(f"The roster {file} names no student: please add a line for each.")
    return list(found.values())


def _time(file: str, line: int, column: str, text: str, at_end: bool = False) -> datetime | None:
    """A point of time; for a day alone its end (`at_end`) or its start."""
    if text in ("", "-", "--", "never", "None"):
        return None
    found = None
    for form in _DAYS:
        try:
            found = datetime.combine(datetime.strptime(text, form), time(23, 59, 59) if at_end else time())
        except ValueError:
            continue
    if found is None:
        try:
            found = datetime.fromisoformat(re.sub(r"\s*(UTC|GMT)$", "+00:00", text))
        except ValueError:
            for form in _FORMATS:
                try:
                    found = datetime.strptime(text, form)
                    break
                except ValueError:
                    continue
    if found is None:
        raise BadRoster(f"Line {line} of the roster {file}: {text[:40]!r} in the column {column} is no time; please write it as 2026-11-21 17:30.")
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _extended(file: str, line: int, due: datetime | None, text: str) -> datetime | None:
    """The due time with an extension: a span ("2 days", "36 h", a number of days) or the new due time itself."""
    if text in ("", "-", "0"):
        return due
    span = _SPAN.fullmatch(text.casefold())
    if span is None:
        return _time(file, line, "extension", text, at_end=True)
    if due is None:
        raise BadRoster(f"Line {line} of the roster {file} has an extension but no due time: please add the column due, or write the new due time.")
    return due + timedelta(seconds=float(span[1].replace(",", ".")) * _SECONDS[(span[2] or "d")[0]])


# ------------------------------------------------------------------------------------------------------------- joining


def join(found: list[Student], entries: list[Entry], scratch: Path) -> tuple[list[Student], list[str]]:
    """The class: everybody on the roster, then those who handed in without being on it; and a sentence for each surprise.

    Students are found by id, by the LMS's id, by e-mail, by their id in other letters, then by a name that only one has.
    Who handed in nothing gets an empty folder below `scratch`.
    """
    left, notes, owner = list(found), [], {}
    for same in (_by_id, _by_lms_id, _by_email, _by_loose_id, _by_name):
        for entry in entries:
            if entry.id in owner:
                continue
            mine = [student for student in left if same(student, entry)]
            rivals = [other for other in entries if other.id not in owner and other is not entry and mine and same(mine[0], other)]
            if len(mine) == 1 and not rivals:
                owner[entry.id] = mine[0]
                left.remove(mine[0])
    joined = []
    for number, entry in enumerate(entries):
        student = owner.get(entry.id)
        if student is None:
            folder = Path(scratch) / "missing" / f"{number:05d}"
            folder.mkdir(parents=True, exist_ok=True)
            student = Student(entry.id, folder)
        joined.append(_informed(student, entry))
    notes += [f"{student.id} is not on the roster; the submission was graded all the same." for student in left]
    return sorted(joined + left, key=lambda student: student.id), notes


def _informed(student: Student, entry: Entry) -> Student:
    submitted, late = entry.submitted or student.submitted_at, student.late_seconds
    if submitted is not None and entry.due is not None:
        late = max(0.0, (submitted - entry.due).total_seconds())
    elif late:
        late = max(late, LATE_AT_LEAST)
    return replace(
        student, id=entry.id, name=entry.name or student.name, email=entry.email, lms_id=entry.lms_id or student.lms_id, submitted_at=submitted, due=entry.due, late_seconds=late
    )


def _by_id(student: Student, entry: Entry) -> bool:
    return student.id == entry.id


def _by_lms_id(student: Student, entry: Entry) -> bool:
    return bool(student.lms_id) and student.lms_id in (entry.lms_id, entry.id)


def _by_email(student: Student, entry: Entry) -> bool:
    return bool(entry.email) and student.id.casefold() == entry.email.casefold()


def _by_loose_id(student: Student, entry: Entry) -> bool:
    return _loose(student.id) == _loose(entry.id)


def _loose(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _by_name(student: Student, entry: Entry) -> bool:
    """The same words in any order, or, as Canvas writes them, all of them without a gap."""
    words = re.findall(r"\w+", _loose(entry.name))
    given = student.name or student.id
    if len(words) < 2:
        return False
    other = re.findall(r"\w+", _loose(given).replace("_", " "))
    return sorted(words) == sorted(other) or "".join(other) in {"".join(words[i:] + words[:i]) for i in range(len(words))}


def class_of(submissions: Path, roster: Path | None, scratch: Path, besides: Path | None = None) -> tuple[list[Student], list[str]]:
    """Everybody of a class: who handed in and, with a roster, who did not; and a sentence for each surprise.

    scratch: for files that have to be sorted; besides: a folder among them that is no student's (OUT).
    Raises lms.NoSubmissions or BadRoster in one sentence.
    """
    found, notes = students(submissions, scratch, besides)
    if roster is None:
        return found, notes
    joined, more = join(found, read(roster), scratch)
    return joined, notes + more
