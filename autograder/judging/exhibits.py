"""The part of `helpers` that a student's process gets to see: nothing that judges, and no stand-in of what is judged.

In its place stands a class or function that raises StandIn when it is used; `checks.judge` knows that name and reports
the finding `standin`. Stand-ins of earlier stages are there, since a stage is judged with right earlier stages.
"""

from __future__ import annotations

import ast
import compileall
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import helpers
from helpers import NAMES
from helpers.checks.lessons import bugs

from ..containment import sandbox

_JUDGES = ("*_judge.py", "verdict.py", "__pycache__")
_STANDIN = '''

class StandIn(NotImplementedError):
    """This stand-in may not be used here: it would be the answer itself."""
'''
_MARKERS = {
    ast.FunctionDef: 'def {name}(*args, **kwargs):\n    raise StandIn("{name}")\n',
    ast.ClassDef: 'class {name}:\n    def __init__(self, *args, **kwargs):\n        raise StandIn("{name}")\n',
}


def library(scratch: Path, exercises: tuple[str, ...]) -> Path:
    """Folder that holds `helpers` for a kernel in which these exercises are judged; built once a run under `scratch`.

    Exercises outside the core course leave out every stand-in. Raises OSError where it cannot be written.
    """
    judged_as = [bugs.JUDGED_AS.get(exercise, exercise) for exercise in exercises]
    first = min((list(NAMES).index(exercise) if exercise in NAMES else 0 for exercise in judged_as), default=len(NAMES))
    withheld = list(NAMES)[first:]
    made = Path(scratch) / f"library-{len(NAMES) - first}"
    if not made.is_dir():
        own = Path(tempfile.mkdtemp(dir=scratch))
        os.chmod(own, 0o755)
        shutil.copytree(Path(helpers.__file__).parent, own / "helpers", ignore=shutil.ignore_patterns(*_JUDGES))
        for standins in (own / "helpers" / "standins").glob("*.py"):
            standins.write_text(without(standins.read_text(encoding="utf-8"), {NAMES[exercise] for exercise in withheld}), encoding="utf-8")
        compileall.compile_dir(own, quiet=2, stripdir=own, prependdir=sandbox.LIBRARY)  # once here, instead of in every kernel
        with contextlib.suppress(OSError):  # another worker was faster
            os.rename(own, made)
        shutil.rmtree(own, ignore_errors=True)
    return made


def stage(exercise: str) -> int:
    """The number of the first stand-in that may not be used for an exercise; len(NAMES) where all may be."""
    exercise = bugs.JUDGED_AS.get(exercise, exercise)
    return list(NAMES).index(exercise) if exercise in NAMES else len(NAMES)


def without(source: str, names: set[str]) -> str:
    """Source of a module whose functions and classes `names` only raise StandIn."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    for node in reversed(tree.body):
        if getattr(node, "name", None) in names:
            lines[node.lineno - 1 : node.end_lineno] = [_MARKERS[type(node)].format(name=node.name)]
    last_import = max(node.end_lineno for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))
    lines.insert(last_import, _STANDIN)
    return "".join(lines)
