"""Reads a notebook file however it was saved: any encoding, nbformat 3 and 4, with or without ids."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field

MAX_CELLS = 5_000
MAX_SOURCE = 500_000  # characters of one cell; more is a pasted data set, not code
LARGE = 2**20  # bytes of one text in the file: longer than any code, so it is a picture or what a cell printed

_OTHER = ((b"%PDF-", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"\x1f\x8b", "a compressed archive"), (b"Rar!", "a RAR archive"), (b"7z\xbc\xaf", "a 7z archive"))
_PICTURE = re.compile(rb'"[^"\\\x00]{%d,}"' % LARGE)


class Unreadable(Exception):
    """The file cannot be graded; the message says why, as part of a sentence ("it is empty")."""


@dataclass(frozen=True)
class Cell:
    """One cell of a student's notebook.

    kind: "code", "markdown" or "raw"; source: its text; grade_id, cell_id: the ids it came with, "" for none; number: its
    place in the file, from 1; flags: what nbgrader's metadata say of it, None where there are none.
    """

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""
    number: int = field(default=0, compare=False)
    flags: tuple | None = field(default=None, compare=False)


def flags_of(mark: dict) -> tuple:
    """What counts of nbgrader's metadata of a cell, as something that can be compared."""
    points = mark.get("points")
    return (mark.get("grade") is True, mark.get("solution") is True, float(points) if type(points) in (int, float) else None, mark.get("schema_version") == 3)


@dataclass(frozen=True)
class Document:
    """A notebook file: its cells, the release that it says it comes from ("" where it says nothing), what was mended to read it."""

    cells: list[Cell]
    release: str = ""
    mended: tuple[str, ...] = ()


def notebook(data: bytes) -> Document:
    """What is in a notebook file, one sentence in `mended` for each thing that was wrong with it.

    Outputs are not kept: 50 MB of them cost little more than reading the file. Raises Unreadable with the reason, in
    plain words, where there is no notebook in these bytes.
    """
    text, mended = _decode(_PICTURE.sub(b'""', data) if len(data) > LARGE else data)
    document = _parse(text)
    if not isinstance(document, dict):
        raise Unreadable("it holds data, but no notebook")
    sheets = document.get("worksheets")
    if "cells" not in document and isinstance(sheets, list):
        raw = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
        mended.append("The notebook was saved in the old format 3; it was read as format 4.")
    elif isinstance(document.get("cells"), list):
        raw = document["cells"]
    else:
        raise Unreadable("it has no cells")
    cells = [cell for number, one in enumerate(raw[:MAX_CELLS], start=1) if (cell := _cell(one, number)) is not None]
    if len(raw) > MAX_CELLS:
        mended.append(f"The notebook has {len(raw)} cells; the first {MAX_CELLS} were read.")
    if not cells:
        raise Unreadable("it has no cells")
    return Document(cells, _release(document), tuple(mended + _odd(document, raw, cells)))


def _release(document: dict) -> str:
    metadata = document.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    release = course.get("release") if isinstance(course, dict) else None
    return release[:80] if isinstance(release, str) else ""


def _odd(document: dict, raw: list, cells: list[Cell]) -> list[str]:
    """What was mended without a trace in the cells."""
    told = []
    if len(cells) < sum(1 for cell in raw[:MAX_CELLS] if cell):
        told.append("Some cells were no cells, but other data; they were left out.")
    if any(isinstance(cell, dict) and _length(cell.get("source", cell.get("input", ""))) > MAX_SOURCE for cell in raw[:MAX_CELLS]):
        told.append(f"A cell is longer than {MAX_SOURCE:,} characters; its end was left out.")
    if isinstance(document.get("nbformat"), int) and document["nbformat"] > 4:
        told.append(f"The notebook says that it has the format {document['nbformat']}, which is not known; it was read as format 4.")
    if any(isinstance(cell, dict) and not isinstance(cell.get("metadata", {}), dict) for cell in raw[:MAX_CELLS]):
        told.append("The metadata of some cells was damaged; it was left out.")
    return told


def _length(source) -> int:
    return sum(len(part) for part in source if isinstance(part, str)) if isinstance(source, list) else len(source) if isinstance(source, str) else 0


def _decode(data: bytes) -> tuple[str, list[str]]:
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("it is empty")
    for magic, what in _OTHER:
        if data.startswith(magic):
            raise Unreadable(f"it is {what}, not a notebook; hand in the .ipynb file")
    boms = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
            (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
    for mark, encoding in boms:
        if data.startswith(mark):
            text = data.decode(encoding, "replace").lstrip("\ufeff")
            return text, [] if encoding == "utf-8" else [f"The file was saved as {encoding.upper()}; it was read as such."]
    if data[:1] == b"\x00" or data[1:2] == b"\x00":  # UTF-16 without its mark: every other byte of "{ " is zero
        return data.decode("utf-16-be" if data[:1] == b"\x00" else "utf-16-le", "replace"), ["The file was saved as UTF-16; it was read as such."]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), ["The file is not saved as UTF-8; some letters may have changed."]


def _parse(text: str):
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<head", "<?xml")):
        raise Unreadable("it is a web page, not the notebook; use File > Download > Download .ipynb")
    try:
        return json.loads(text, strict=False, object_pairs_hook=_without_outputs if len(text) > LARGE else None)
    except RecursionError:
        raise Unreadable("its structure is damaged") from None
    except ValueError as error:
        if re.search(r"^<{7} .*^={7}$.*^>{7} ", text, flags=re.M | re.S):
            raise Unreadable("it has merge markers (<<<<<<<) of an unfinished git merge in it") from None
        if not text.lstrip()[:1] in ("{", "["):
            raise Unreadable("it is no notebook, but some other kind of file") from None
        at = getattr(error, "pos", 0)
        if at >= len(text.rstrip()) - 1 or "Unterminated" in str(error):
            raise Unreadable("it is cut off: the end of the file is missing") from None
        raise Unreadable(f"it is damaged at line {getattr(error, 'lineno', 1)}") from None


def _without_outputs(pairs: list[tuple]) -> dict:
    """A JSON object without what makes notebooks large; each cell's outputs are freed when the cell has been read."""
    return {key: value for key, value in pairs if key not in ("outputs", "attachments", "widgets")}


def _cell(raw, number: int) -> Cell | None:
    if not isinstance(raw, dict):
        return None
    kind = raw.get("cell_type")
    source = _text(raw.get("source", raw.get("input", "")))
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    own = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    grade_id = own.get("grade_id") if isinstance(own.get("grade_id"), str) else ""
    identity = raw.get("id", metadata.get("id"))
    return Cell(
        kind if kind in ("code", "raw") else "markdown",
        source,
        grade_id,
        identity if isinstance(identity, str) else "",
        number,
        flags_of(own) if own else None,
    )


def _text(source) -> str:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return ""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return source[:MAX_SOURCE].encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"


def _list(value) -> list:
    return value if isinstance(value, list) else []
