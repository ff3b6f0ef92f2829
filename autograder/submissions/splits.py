"""Puts together what a student has cut apart: a class or function that runs on in the cell below."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from dataclasses import replace

from . import slicing
from .reading import Cell

MAX_PARTS = 12


def joined(cells: list[Cell], own: Callable[[Cell], bool]) -> tuple[list[Cell], list[str]]:
    """Cells with split ones as one, and a sentence for each join.

    own: whether a cell can be the student's code, not one of the release. Two cells are one where the lower begins
    inside a class or function that the upper has begun, and both together are Python.
    """
    result, told, at = [], [], 0
    while at < len(cells):
        parts = _parts(cells, at, own)
        if len(parts) == 1:
            result.append(cells[at])
            at += 1
            continue
        first, last = cells[parts[0]], cells[parts[-1]]
        grade_id = next((cells[i].grade_id for i in parts if cells[i].grade_id), "")
        flags = next((cells[i].flags for i in parts if cells[i].flags), None)
        result.append(replace(first, source="\n".join(cells[i].source for i in parts), grade_id=grade_id, flags=flags))
        told.append(f"Cells {first.number} to {last.number} were read as one: the code of the first goes on in the next.")
        at = parts[-1] + 1
    return result, told


def _parts(cells: list[Cell], at: int, own: Callable[[Cell], bool]) -> list[int]:
    """Numbers of the cells that begin at `at` and are one; only `at` where nothing goes on."""
    if cells[at].kind != "code" or not own(cells[at]) or not re.search(r"^(async +def|def|class)\b", cells[at].source, flags=re.M):
        return [at]
    best, parts, text = [at], [at], cells[at].source
    for number in range(at + 1, len(cells)):
        cell = cells[number]
        if not cell.source.strip():
            continue
        if cell.kind != "code" or not own(cell) or len(parts) == MAX_PARTS or not _goes_on(text, cell.source):
            break
        parts = [*parts, number]
        text = f"{text}\n{cell.source}"
        if not slicing.syntax_error(text):
            best = parts
    return best


def _goes_on(upper: str, lower: str) -> bool:
    """Whether the lower text belongs inside what the upper one has begun."""
    if slicing.syntax_error(upper):
        return _is_inside(lower) or bool(slicing.syntax_error(lower))
    if not _is_inside(lower):
        return False
    last = ast.parse(slicing.plain(upper)).body[-1:]
    try:
        inner = ast.parse(textwrap.dedent(lower)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # several depths of indentation: the middle of something
    if last and isinstance(last[0], ast.ClassDef):
        return _depth(lower) > last[0].body[0].col_offset or all(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)) or _is_text(node) for node in inner)
    if last and isinstance(last[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _returns(inner) or not _returns(last[0].body)
    return False


def _is_inside(text: str) -> bool:
    """Whether the first line of code is indented."""
    return _depth(text) > 0


def _depth(text: str) -> int:
    """Columns by which the first line of code is indented."""
    first = next((line for line in text.expandtabs(8).splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    return len(first) - len(first.lstrip())


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _returns(body: list[ast.stmt]) -> bool:
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return False
