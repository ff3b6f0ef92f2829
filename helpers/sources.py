"""Collects the source an object needs to stand alone: its definition and, recursively, every global it uses.

Sources are read from the cells run so far (IPython's history) or, for objects of the student's own files, from
those files. Where a name was defined more than once, the definition in force counts: for functions and classes
the one their code object points to, for anything else the latest statement.
"""

import ast
import builtins
import importlib.util
import linecache
import sys
import sysconfig
from pathlib import Path

from helpers.cells import cells, first_line, shell, statements

IMPLICIT = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "get_ipython"}


class SourceError(Exception):
    """The source cannot be collected; the message is one sentence for the student."""


# --------------------------------------------------------------------------------------------------------------------
# Scopes: where names are looked up


class Scope:
    """Top-level statements of a notebook or a file, together with the live values of its names."""

    def __init__(self, texts, values, label, files):
        self.statements = [s for text in texts for s in statements(text)]
        self.values = values
        self.label = label
        self.files = files  # names that linecache knows the texts by

    def defining(self, name):
        """The statements that made `name` what it is now, in order; [] where none is known."""
        chain = []
        for statement in reversed(self.statements):
            if name in statement.binds:
                exact = self._exact(name)
                chain.append(exact or statement)
                if exact or name not in statement.needs_first:
                    break  # `X = X + 1` goes on to the statement before
            elif name in statement.changes:
                chain.append(statement)
        else:
            exact = self._exact(name)
            chain = chain + [exact] if exact else chain if any(name in s.binds for s in chain) else []
        return chain[::-1]

    def _exact(self, name):
        """The statement that a function's or class's own code object points to, if it binds `name` here; else None."""
        for code in _codes(self.values.get(name)):
            if code.co_filename not in self.files:
                continue
            for statement in statements("".join(linecache.getlines(code.co_filename))):
                if name in statement.binds and first_line(statement.node) <= code.co_firstlineno <= statement.node.end_lineno:
                    return statement
        return None


def notebook_scope():
    """Scope of the running notebook, or None outside IPython."""
    ip = shell()
    return None if ip is None else Scope(cells(), ip.user_ns, "the notebook", ip.compile._filename_map)


def module_scope(module):
    """Scope of one of the student's own files."""
    return Scope([Path(module.__file__).read_text(encoding="utf-8")], vars(module), f"{module.__name__}.py", {module.__file__})


def _codes(value):
    if isinstance(value, type):
        members = list(vars(value).values())
    else:
        members = [value]
    for member in members:
        member = getattr(member, "fget", None) or getattr(member, "__func__", member)
        member = getattr(member, "__wrapped__", member)
        if hasattr(member, "__code__") and hasattr(member.__code__, "co_firstlineno"):
            yield member.__code__


def own_module(name):
    """The imported module of that name if it is a file of the student's own, else None."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None or not file or name.split(".")[0] == "helpers" or name.startswith("carried_"):
        return None
    path = Path(file).resolve()
    installed = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    if {"site-packages", "dist-packages"} & set(path.parts) or any(path.is_relative_to(Path(p).resolve()) for p in installed):
        return None
    return module


# --------------------------------------------------------------------------------------------------------------------
# The collection itself


def collect(name, scope, replacement):
    """Source text that binds `name` when executed in a fresh namespace.

    scope: Scope in which `name` is looked up. replacement(value): a source expression to use instead of a
    value's own source (an earlier stage, say), or None. Raises SourceError.
    """
    parts, placed = [], {}
    _place(name, scope, replacement, parts, placed)
    if name not in placed:
        raise SourceError(f"no cell or file that defines {name} was found: please run the cell that defines it, then this one again.")
    imports = [p for p in parts if p.startswith(("import ", "from "))]
    order = ("from __future__", "import ")
    imports.sort(key=lambda line: (next((i for i, start in enumerate(order) if line.startswith(start)), len(order)), line))
    rest = [p for p in parts if p not in imports]
    return "\n".join(imports) + ("\n\n\n" if imports else "") + "\n\n\n".join(rest) + "\n"


def _place(name, scope, replacement, parts, placed):
    if name in placed:
        if placed[name] is not scope and name not in IMPLICIT:
            _same_or_raise(name, placed[name], scope)
        return
    value = scope.values.get(name)
    expression = replacement(value)
    if expression is not None:
        placed[name] = scope
        parts.append(f"{name} = {expression}")
        return
    chain = scope.defining(name)
    if not chain:
        starred = _starred(name, scope)
        if starred is None:
            return  # a builtin, or a name that never existed: the student's own error when it is called
        chain = [starred]
    placed[name] = scope
    for statement in chain:
        if isinstance(statement.node, (ast.Import, ast.ImportFrom)):
            _place_import(name, statement.node, scope, replacement, parts, placed)
            continue
        for bound in statement.binds:
            placed.setdefault(bound, scope)
        # What the statement reads while it runs goes first: base classes, decorators, default values.
        for needed in sorted(statement.needs, key=lambda n: (n not in statement.needs_first, n)):
            if needed not in IMPLICIT or scope.defining(needed):
                _place(needed, scope, replacement, parts, placed)
        if statement.text not in parts:
            parts.append(statement.text)


def _place_import(name, node, scope, replacement, parts, placed):
    for alias in node.names:
        if alias.name != "*" and name != (alias.asname or alias.name.split(".")[0]):
            continue
        suffix = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            if own_module(alias.name):
                raise SourceError(
                    f"it uses your own file {alias.name}.py: please write `from {alias.name} import ...` with the names you need."
                )
            _once(parts, f"import {alias.name}{suffix}")
            if not alias.asname:  # `import torch` and `import torch.nn.functional` bind the same name
                for other in scope.statements:
                    if isinstance(other.node, ast.Import):
                        for a in other.node.names:
                            if not a.asname and "." in a.name and a.name.split(".")[0] == name and not own_module(name):
                                _once(parts, f"import {a.name}")
            continue
        package = scope.values.get("__package__") or ""
        origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
        module = own_module(origin)
        if module is None:
            _once(parts, f"from {origin} import {alias.name}{suffix}")
            continue
        wanted = name if alias.name == "*" else alias.name
        inner = module_scope(module)
        inner_name_taken = wanted != name and wanted in placed and placed[wanted].label != inner.label
        if inner_name_taken:
            raise SourceError(f"{wanted} means one thing in the notebook and another in {module.__name__}.py: please give one of them another name.")
        placed.pop(wanted, None)
        _place(wanted, inner, replacement, parts, placed)
        if wanted != name:
            parts.append(f"{name} = {wanted}")
            placed[name] = scope


def _same_or_raise(name, first, second):
    missing = object()
    a, b = first.values.get(name, missing), second.values.get(name, missing)
    if a is not b and a is not missing and b is not missing:
        raise SourceError(f"{name} means one thing in {first.label} and another in {second.label}: please give one of them another name.")


def _starred(name, scope):
    for statement in reversed(scope.statements):
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and name in scope.values:
            if hasattr(sys.modules.get(node.module), name):
                return statement
    return None


def _once(parts, line):
    if line not in parts:
        parts.append(line)


# --------------------------------------------------------------------------------------------------------------------
# Questions about a source


def unfinished(text, name):
    """Whether the definition of `name` in a source still raises NotImplementedError where the solution belongs."""
    for node in ast.parse(text).body:
        if getattr(node, "name", None) == name:
            functions = [node] if not isinstance(node, ast.ClassDef) else [n for n in node.body if isinstance(n, ast.FunctionDef)]
            return any(_gives_up(function) for function in functions)
    return False


def _gives_up(function):
    for statement in getattr(function, "body", []):
        if isinstance(statement, ast.Return):
            return False
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            return getattr(raised, "id", None) == "NotImplementedError"
    return False
