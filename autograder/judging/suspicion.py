"""Reads a student's code for what honest code has no use for: replaced functions, a look at the stack, hooks in IPython.

A flag takes no points off: verdicts rest on answers to secret inputs, so a trick gains nothing. It is for the instructor's
eyes, names the cell, and says what is written there, not why. The code is parsed, never run.
"""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..submissions.slicing import plain

LARGE_TEXT, LARGE_TABLE = 20_000, 2_000  # characters, entries
_ROOTS = ("IPython", "builtins", "contextlib", "helpers", "inspect", "io", "json", "lightning", "math", "numpy", "os", "sys", "threading", "torch", "unittest", "zipfile")
_CALLS = {  # dotted name of what is called -> flag
    **dict.fromkeys(("sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile", "threading.settrace", "inspect.currentframe", "inspect.stack", "inspect.trace", "inspect.getouterframes"), "stack_inspection"),
    **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.modules.items", "sys.modules.values", "sys.modules.copy"), "memory_search"),
    **dict.fromkeys(("os._exit", "os.abort", "os.kill", "os.killpg", "os.fork", "os.ptrace", "signal.signal", "atexit.register", "ctypes.string_at", "ctypes.memmove"), "process_control"),
    **dict.fromkeys(("exec", "eval", "marshal.loads", "pickle.loads", "pickle.load", "types.CodeType", "types.FunctionType"), "hidden_code"),
    **dict.fromkeys(("unittest.mock.patch", "unittest.mock.patch.object", "unittest.mock.patch.dict"), "replaced_functions"),
    **dict.fromkeys(("helpers.checks.observe", "helpers.checks.judge", "helpers.checks.inputs", "helpers.checks.pack", "helpers.checks.unpack", "helpers.evidence.judge", "helpers.evidence.observe", "helpers.standins.count"), "grader_internals"),
}
_ATTRIBUTES = {
    **dict.fromkeys(("f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cell_contents"), "stack_inspection"),
    **dict.fromkeys(("ast_transformers", "input_transformers_cleanup", "input_transformers_post", "input_transformer_manager", "set_custom_exc", "display_formatter"), "ipython_hooks"),
    **dict.fromkeys(("__subclasses__",), "memory_search"),
    **dict.fromkeys(("__code__", "__globals__"), "hidden_code"),
}
_WORDS = {
    **dict.fromkeys(("NBGRADER", "PYTEST_CURRENT_TEST", "/exchange"), "looks_for_grader"),
    **dict.fromkeys(("gradebook.db", "/proc/", "../source", "solutions/", "/source/"), "looks_for_files"),
}
_HOOKS = ("pre_run_cell", "pre_execute", "post_run_cell", "post_execute")
_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__contains__", "__float__")
_DISGUISES = ("__torch_function__", "__torch_dispatch__", "__array_ufunc__", "__array_function__")
_SAID = {
    "stack_inspection": "looks at the call stack ({what})", "memory_search": "searches the memory of the process ({what})",
    "process_control": "interferes with its process ({what})", "hidden_code": "runs code that is not written in it ({what})",
    "replaced_functions": "replaces {what}", "grader_internals": "uses the inside of the checks ({what})", "ipython_hooks": "hooks into IPython ({what})",
    "looks_for_grader": "asks whether it is being graded ({what})", "looks_for_files": "names files that are not its own ({what})",
    "disguised_values": "makes objects that answer for other values ({what})", "large_table": "holds a very large constant ({what})",
}  # fmt: skip


@dataclass(frozen=True)
class Flag:
    """One thing that was seen. name: short, as in grades.csv; sentence: plain words for the instructor."""

    name: str
    sentence: str


def of_cells(cells: list[str]) -> list[Flag]:
    """What the code cells of a notebook hold, in their order; cells are counted from 1."""
    return list(_of_cells(tuple(cells)))


@lru_cache(maxsize=8)
def _of_cells(cells: tuple[str, ...]) -> tuple[Flag, ...]:
    return tuple(_flags({f"Code cell {number}": plain(cell) for number, cell in enumerate(cells, start=1)}))


def of_files(texts: dict[str, str]) -> list[Flag]:
    """What Python files hold; texts: path -> content."""
    return _flags(texts)


def _flags(texts: dict[str, str]) -> list[Flag]:
    trees = {where: tree for where, text in texts.items() if (tree := _parsed(text)) is not None}
    known = {alias: path for tree in trees.values() for alias, path in _imported(tree)}
    found = []
    for where, tree in trees.items():
        for name, what in dict.fromkeys(_Reader(known).read(tree)):
            found.append(Flag(f"flag_{name}", f"{where} {_SAID[name].format(what=what)}."))
    return list(dict.fromkeys(found))


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return None


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                yield (item.asname, item.name) if item.asname else (item.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)


class _Reader:
    """Yields (flag, what is written there) for one file or cell; `known`: names that imports bind, with what they mean."""

    def __init__(self, known: dict[str, str]):
        self.known = known

    def read(self, tree: ast.Module) -> Iterator[tuple[str, str]]:
        """All flags of a tree, repeated where they are."""
        for node in ast.walk(tree):
            yield from self._node(node)

    def _node(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        if isinstance(node, (ast.Assign, ast.Delete)):
            for target in node.targets:
                yield from self._changed(target)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            yield from self._changed(node.target)
        elif isinstance(node, ast.Call):
            yield from self._called(node)
        elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
            yield _ATTRIBUTES[node.attr], node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            yield from _text(node.value)
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict)):
            count = len(node.keys if isinstance(node, ast.Dict) else node.elts)
            if count > LARGE_TABLE:
                yield "large_table", f"{count:,} entries"
        elif isinstance(node, ast.ClassDef):
            yield from _class(node)
        elif isinstance(node, (ast.For, ast.comprehension)) and self._path(node.iter) == "sys.modules":
            yield "memory_search", "sys.modules"

    def _path(self, node: ast.AST) -> str | None:
        """Dotted name of an expression, with what its imports mean; None where it has none."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("vars", "__import__") and node.args:
            inner = node.args[0]
            return ".".join([self._path(inner) or (str(inner.value) if isinstance(inner, ast.Constant) else "?"), *reversed(parts)])
        if not isinstance(node, ast.Name):
            return None
        return ".".join([self.known.get(node.id, node.id), *reversed(parts)])

    def _changed(self, target: ast.AST) -> Iterator[tuple[str, str]]:
        if isinstance(target, (ast.Tuple, ast.List)):
            for item in target.elts:
                yield from self._changed(item)
        elif isinstance(target, ast.Attribute):
            yield from self._replaced(self._path(target.value), target.attr)
        elif isinstance(target, ast.Subscript):
            path = self._path(target.value) or ""
            of_vars = isinstance(target.value, ast.Call) and getattr(target.value.func, "id", "") == "vars"
            if path == "sys.modules" or (of_vars or path.endswith(".__dict__")) and _found(path.removesuffix(".__dict__")) is not None:
                yield "replaced_functions", path

    def _replaced(self, owner: str | None, name: str | None) -> Iterator[tuple[str, str]]:
        thing = _found(owner or "")
        if thing is not None and (name is None or owner.startswith("helpers") or callable(getattr(thing, name, None))):
            yield "replaced_functions", f"{owner}.{name or '...'}"
        elif name in ("run_cell", "run_cell_async", "run_ast_nodes", "showtraceback"):
            yield "ipython_hooks", name

    def _called(self, node: ast.Call) -> Iterator[tuple[str, str]]:
        path = self._path(node.func) or ""
        if path in _CALLS:
            yield _CALLS[path], path
        if path in ("setattr", "delattr") and node.args:
            name = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
            yield from self._replaced(self._path(node.args[0]), name)
        hook = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "register" and hook in _HOOKS:
            yield "ipython_hooks", hook


def _class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Comparisons that say the same whatever they compare, and tensors that answer for every operation."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name in _DISGUISES:
            yield "disguised_values", f"{node.name}.{part.name}"
        body, name = None, ""
        if isinstance(part, ast.FunctionDef):
            name, last = part.name, part.body[-1]
            body = last.value if len(part.body) <= 2 and isinstance(last, ast.Return) else None
        elif isinstance(part, ast.Assign) and isinstance(part.value, ast.Lambda) and isinstance(part.targets[0], ast.Name):
            name, body = part.targets[0].id, part.value.body
        if name in _COMPARISONS and isinstance(body, ast.Constant) and isinstance(body.value, (bool, int, float)):
            yield "disguised_values", f"{node.name}.{name}"


def _text(value: str | bytes) -> Iterator[tuple[str, str]]:
    if len(value) > LARGE_TEXT:
        yield "large_table", f"{len(value):,} characters"
    elif isinstance(value, str) and "\n" not in value:
        for word, name in _WORDS.items():
            if word in value:
                yield name, word


@lru_cache(maxsize=500)
def _found(path: str):
    """The module or class of a library that a dotted name means, None for anything else."""
    root, *rest = path.split(".")
    if root not in _ROOTS:
        return None
    try:
        thing = builtins if root == "builtins" else importlib.import_module(root)
        for name in rest:
            thing = getattr(thing, name)
    except Exception:  # noqa: BLE001  whatever a library does at import
        return None
    return thing
