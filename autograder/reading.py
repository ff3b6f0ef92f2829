"""Reads a notebook file however it was saved: any encoding, nbformat 3 and 4, with or without ids."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass

MAX_CELLS = 5_000
MAX_SOURCE = 500_000  # characters of one cell; more is a pasted data set, not code


class Unreadable(Exception):
    """The file cannot be graded; the message says why, as part of a sentence ("it is empty")."""


@dataclass(frozen=True)
class Cell:
    """One cell of a student's notebook: kind ("code", "markdown", "raw"), its text, and the ids it came with ("" for none)."""

    kind: str
    source: str
    grade_id: str = ""
    cell_id: str = ""


def notebook(data: bytes) -> tuple[list[Cell], list[str]]:
    """Cells of a notebook file, and one sentence for each thing that had to be mended to read it.

    Raises Unreadable with the reason, in plain words, where there is no notebook in these bytes.
    """
    text, mended = _decode(data)
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
    cells = [cell for cell in map(_cell, raw[:MAX_CELLS]) if cell is not None]
    if len(raw) > MAX_CELLS:
        mended.append(f"The notebook has {len(raw)} cells; the first {MAX_CELLS} were read.")
    if not cells:
        raise Unreadable("it has no cells")
    return cells, mended


def _decode(data: bytes) -> tuple[str, list[str]]:
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("it is empty")
    if data[:5] == b"%PDF-":
        raise Unreadable("it is a PDF, not a notebook; hand in the .ipynb file")
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
        return json.loads(text, strict=False)
    except RecursionError:
        raise Unreadable("its structure is damaged") from None
    except ValueError as error:
        if re.search(r"^<{7} .*^={7}$.*^>{7} ", text, flags=re.M | re.S):
            raise Unreadable("it has merge markers (<<<<<<<) of an unfinished git merge in it") from None
        at = getattr(error, "pos", 0)
        if at >= len(text.rstrip()) - 1 or "Unterminated" in str(error):
            raise Unreadable("it is cut off: the end of the file is missing") from None
        raise Unreadable(f"it is damaged at line {getattr(error, 'lineno', 1)}") from None


def _cell(raw) -> Cell | None:
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
