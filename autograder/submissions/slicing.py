"""Finds the statements of a notebook that a name needs, so that a grader runs these and nothing else.

Training, plots, `!pip`, `drive.mount` and whatever else a student's cells do is left out unless the graded
function or class depends on it.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

from helpers.cells import TRANSPARENT_MAGICS, Statement, statements
from helpers.sources import unfinished

_BUILTIN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "get_ipython", "display"}


@dataclass(frozen=True)
class Step:
    """One statement to run: its text and the index of the cell it comes from."""

    text: str
    cell: int


def plain(cell: str) -> str:
    """A cell as Python, its magics turned into calls; "" where it is another language (%%bash, %%html)."""
    head, _, rest = cell.lstrip().partition("\n")
    if head.startswith("%%"):
        if not head.startswith(TRANSPARENT_MAGICS):
            return ""
        cell = rest
    try:
        return TransformerManager().transform_cell(cell)
    except (SyntaxError, RecursionError, ValueError):
        return cell


def syntax_error(cell: str) -> str:
    """What Python says about a cell that it cannot read, "" for one that it can."""
    try:
        ast.parse(plain(cell))
    except SyntaxError as error:
        return f"{type(error).__name__}: {error.msg} (line {error.lineno} of the cell)"
    except (RecursionError, MemoryError, ValueError) as error:
        return f"{type(error).__name__}: the cell cannot be read as Python"
    return ""


def defines(cell: str, name: str) -> bool:
    """Whether a cell binds the name by code of its own, be it broken; loading a carried one does not count."""
    found = _statements(cell)
    if not found and syntax_error(cell):
        return re.search(rf"^(async +)?(def|class) +{re.escape(name)}\b", cell, flags=re.M) is not None
    return any(name in statement.binds and not _carried(statement) for statement in found)


def is_blank(cell: str) -> bool:
    """Whether a cell holds nothing but comments, strings, `pass` and magics."""
    return not syntax_error(cell) and all(_says_nothing(statement) for statement in _statements(cell))


def _says_nothing(statement: Statement) -> bool:
    node = statement.node
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or "get_ipython()" in ast.unparse(node)
    return isinstance(node, ast.Pass)


def is_same_code(one: str, other: str) -> bool:
    """Whether two cells are the same but for comments, docstrings and layout."""
    return " ".join(one.split()) == " ".join(other.split()) or (_shape(one) is not None and _shape(one) == _shape(other))


def is_unfinished(cell: str, name: str) -> bool:
    """Whether the definition of the name still raises NotImplementedError where the solution belongs."""
    try:
        return unfinished(plain(cell), name)
    except (SyntaxError, RecursionError, ValueError):
        return False


def needed(cells: list[str], name: str, limit: int) -> list[Step]:
    """The statements that `name` needs, in the order of the cells; [] where no cell binds it.

    Where a statement would run before anything has bound a name that it reads at once, what binds it runs first: cells
    may stand in another order than they were run in. limit: index of the last cell that would have run when the name is tested. Where a name is bound more than
    once, its last binding up to there counts, else the first one after it.
    """
    entries = [_Entry(index, order, statement) for index, cell in enumerate(cells) for order, statement in enumerate(_statements(cell))]
    chosen: set[int] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        for number in _resolve(entries, wanted, limit, own=wanted == name):
            if number not in chosen:
                chosen.add(number)
                waiting += [other for other in entries[number].statement.needs if other not in _BUILTIN or _bound(entries, other)]
    return [Step(entries[number].statement.text, entries[number].cell) for number in _in_order(entries, sorted(chosen))]


def _in_order(entries: list[_Entry], chosen: list[int]) -> list[int]:
    """The chosen statements in an order in which each finds what it reads at once."""
    placed: list[int] = []
    waiting: set[int] = set()

    def place(number: int) -> None:
        if number in placed or number in waiting:
            return
        waiting.add(number)
        statement = entries[number].statement
        for name in sorted(statement.needs if isinstance(statement.node, ast.ClassDef) else statement.needs_first):
            binders = [other for other in chosen if other != number and name in entries[other].statement.binds]
            if binders and binders[0] > number and len(waiting) < 200:
                place(binders[0])
        placed.append(number)

    for number in chosen:
        place(number)
    return placed


@dataclass(frozen=True)
class _Entry:
    cell: int
    order: int
    statement: Statement


def _resolve(entries: list[_Entry], name: str, limit: int, own: bool) -> list[int]:
    """Numbers of the statements that make `name` what it is: its binding, those it builds on, and later changes."""
    binding = [number for number, entry in enumerate(entries) if name in entry.statement.binds]
    if own and any(not _carried(entries[number].statement) for number in binding):
        binding = [number for number in binding if not _carried(entries[number].statement)]
    if not binding:
        return [number for number, entry in enumerate(entries) if _is_star(entry.statement)]
    before = [number for number in binding if entries[number].cell <= limit]
    chain = [before[-1] if before else binding[0]]
    while name in entries[chain[-1]].statement.needs_first:  # `X = wrap(X)` builds on the binding before
        earlier = [number for number in binding if number < chain[-1]]
        if not earlier:
            break
        chain.append(earlier[-1])
    last = max(limit, entries[chain[0]].cell)
    changes = [number for number, entry in enumerate(entries) if number > chain[-1] and entry.cell <= last and name in _changes(entry.statement)]
    return chain + changes


def _bound(entries: list[_Entry], name: str) -> bool:
    return any(name in entry.statement.binds for entry in entries)


def _changes(statement: Statement) -> frozenset[str]:
    """Names whose attributes a statement sets: `X.forward = f` and `setattr(X, "forward", f)`."""
    node = statement.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "setattr":
        target = node.value.args[0] if node.value.args else None
        return statement.changes | ({target.id} if isinstance(target, ast.Name) else set())
    return statement.changes


def _is_star(statement: Statement) -> bool:
    return isinstance(statement.node, ast.ImportFrom) and statement.node.names[0].name == "*"


def _carried(statement: Statement) -> bool:
    return "carry.load(" in statement.text


@lru_cache(maxsize=2_000)
def _statements(cell: str) -> tuple[Statement, ...]:
    try:
        return tuple(statements(plain(cell)))
    except (RecursionError, MemoryError):
        return ()


def _shape(cell: str) -> str | None:
    """The code of a cell without comments, docstrings and layout; None where it is no Python."""
    try:
        tree = ast.parse(plain(cell))
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return None
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            del body[0]
    return ast.dump(tree)
