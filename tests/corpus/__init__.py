"""Corpus of students' cells: loads the files and what is expected of each."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from pathlib import Path

from helpers import NAMES
from helpers.checks.lessons import bugs

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Cell:
    """One student's cell: its exercise, its source, and the codes expected ((), where it should pass)."""

    exercise: str
    path: Path
    codes: tuple[str, ...]

    @property
    def correct(self) -> bool:
        return not self.codes

    @property
    def name(self) -> str:
        return f"{self.exercise}/{self.path.parent.name}/{self.path.stem}"

    def load(self):
        """The object that the cell defines, or None where it defines none."""
        return load(self.exercise, self.path.read_text(encoding="utf-8"), str(self.path))


def load(exercise: str, source: str, filename: str = "<cell>"):
    """Run a cell in a namespace of its own and return the object of the exercise."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(compile(source, filename, "exec"), namespace)
    return namespace.get((NAMES | bugs.NAMES).get(exercise, exercise))  # the functions of lessons 06 to 10 are named like their exercises


def cells(exercise: str) -> list[Cell]:
    """All cells of an exercise, the correct ones first."""
    found = []
    for kind in ("correct", "wrong"):
        for path in sorted((FOLDER / exercise / kind).glob("*.py")):
            found.append(Cell(exercise, path, expected(path.read_text(encoding="utf-8").splitlines()[0])))
    return found


def expected(line: str) -> tuple[str, ...]:
    """Codes in a first line `# expect: pass` or `# expect: fail codes=a[,b]`. Raises ValueError otherwise."""
    line = line.strip()
    if line == "# expect: pass":
        return ()
    if line.startswith("# expect: fail codes="):
        return tuple(line.split("=", 1)[1].replace(" ", "").split(","))
    raise ValueError(f"not an expectation: {line!r}")
