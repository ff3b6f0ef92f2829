"""`python -m autograder build`: writes solutions/NN.ipynb (executed) and notebooks/NN.ipynb (students) from the text sources."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .. import files
from . import drift
from .execution import ENVIRONMENT, CellFailed, execute
from .notebooks import source_notebook, student_notebook
from .sources import COURSE, carry_files, solution_namespace, stems

if TYPE_CHECKING:
    import nbformat

STEMS = stems()
PROFILE = "cpu"  # the budget behind the stored outputs; tests run the notebooks with the smoke budget
_RECORDED = ("torch", "torchvision", "lightning")  # versions that a completed notebook names

__all__ = ["STEMS", "build", "check", "main", "solution_namespace", "source_notebook", "student_notebook"]


def build(stem: str, course: Path = COURSE, profile: str = PROFILE) -> None:
    """Write both notebooks of one text source; where a cell fails, neither is touched.

    The completed one runs beside the carried code of the notebooks before it, with the budget of `profile` and the
    digits of `ENVIRONMENT`: it shows what a student on a laptop without a network sees.
    Raises CellFailed for a cell that fails, RuntimeError where nbgrader refuses the source.
    """
    from tqdm import tqdm

    notebook = source_notebook(stem, course)
    student = student_notebook(stem, course)
    bar = tqdm(total=len(notebook.cells), desc=stem, unit="cell", file=sys.stderr)
    with bar, tempfile.TemporaryDirectory() as folder:
        for name, text in carry_files(stem, course).items():
            files.write(Path(folder) / "carry" / name, text)
        execute(notebook, Path(folder), ENVIRONMENT | {"VIT_PROFILE": profile}, on_cell=lambda index: bar.update(index + 1 - bar.n))
        bar.update(bar.total - bar.n)
    notebook.metadata.course["executed"] = {
        "profile": profile,
        "data": ENVIRONMENT["VIT_DATA"],
        "versions": {name: importlib.metadata.version(name) for name in _RECORDED},
    }
    _write(stem, course, notebook, student)


def rewrite(stem: str, course: Path = COURSE) -> None:
    """Write both notebooks with the new words of their text source and the outputs that are stored.

    For changes of text alone: the outputs of a run belong to the code that made them. Raises ValueError where a code cell
    is not what it was; a change of what the notebook imports is not seen here.
    """
    import nbformat

    stored = nbformat.read(Path(course) / "solutions" / f"{stem}.ipynb", as_version=4)
    notebook, student = source_notebook(stem, course), student_notebook(stem, course)
    ran, wanted = ([cell for cell in one.cells if cell.cell_type == "code"] for one in (stored, notebook))
    if [cell.source for cell in ran] != [cell.source for cell in wanted]:
        raise ValueError("a code cell has changed since the last run: please build without --text.")
    for cell, old in zip(wanted, ran, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    notebook.metadata.course["executed"] = stored.metadata.course["executed"]
    _write(stem, course, notebook, student)


def _write(stem: str, course: Path, notebook: nbformat.NotebookNode, student: nbformat.NotebookNode) -> None:
    files.write(Path(course) / "solutions" / f"{stem}.ipynb", as_text(notebook))
    files.write(Path(course) / "notebooks" / f"{stem}.ipynb", as_text(student))


def as_text(notebook: nbformat.NotebookNode) -> str:
    """The notebook as the text of an .ipynb file; ValidationError where it is none."""
    import nbformat

    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def check(stem: str, course: Path = COURSE) -> list[str]:
    """What is wrong with the notebooks of one text source, one sentence each; an empty list where all is well."""
    import nbformat

    source, student = source_notebook(stem, course), student_notebook(stem, course)
    told = []
    for name, expected in ((f"solutions/{stem}.ipynb", source), (f"notebooks/{stem}.ipynb", student)):
        path = Path(course) / name
        if not path.is_file():
            told.append(f"{name} is missing.")
            continue
        stored = nbformat.read(path, as_version=4)
        told += drift.differences(name, stored, expected)
        told += drift.not_executed(name, stored) if expected is source else drift.not_cleared(name, stored)
    for solution, stub in zip(source.cells, student.cells, strict=True):
        if solution.cell_type == "code":
            told += drift.stub_differences(f"solutions/{stem}.py, cell {solution.id}", solution.source, stub.source)
    return told


def main(argv: list[str] | None = None) -> int:
    """Build or check the notebooks; 0 where all went well, else 1 and one sentence for each problem."""
    parser = argparse.ArgumentParser(prog="python -m autograder build", description="Build the notebooks from the text sources in solutions/.")
    parser.add_argument("--only", metavar="STEM", choices=STEMS, help=f"one of {', '.join(STEMS)}")
    parser.add_argument("--check", action="store_true", help="write nothing; say where notebooks and text sources have come apart")
    parser.add_argument("--text", action="store_true", help="only the words have changed: keep the stored outputs, run nothing")
    parser.add_argument("--profile", choices=("smoke", "cpu", "gpu"), default=PROFILE, help="budget of the training cells (default: %(default)s)")
    arguments = parser.parse_args(argv)
    chosen = (arguments.only,) if arguments.only else STEMS
    if arguments.check:
        told = [sentence for stem in chosen for sentence in check(stem)]
        if told:
            print(*told, "Run `make notebooks` to build them from solutions/*.py again.", sep="\n", file=sys.stderr)
        else:
            print(f"{len(chosen)} notebooks are what their text sources say, and executed.")
        return 1 if told else 0
    failed = 0
    for stem in chosen:
        try:
            rewrite(stem) if arguments.text else build(stem, profile=arguments.profile)
        except CellFailed as error:
            failed = 1
            print(error.trace, error, sep="\n", file=sys.stderr)
        except (RuntimeError, ValueError, OSError) as error:
            failed = 1
            print(f"{stem}: {error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
