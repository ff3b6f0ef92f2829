"""From a text source to notebooks in memory: the completed one (not yet run) and the students' own.

The badge, the install line and the self-check are generated here, from `[tool.course]` of pyproject.toml.
"""

from __future__ import annotations

import logging
import os
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import __version__

from .execution import LANGUAGE
from .sources import COURSE, cells

if TYPE_CHECKING:
    import nbformat

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
_COLAB = "https://colab.research.google.com/github/{repo}/blob/{branch}/notebooks/{stem}.ipynb"
# The versions that Colab has are asked for by name, so that pip either keeps them or refuses.
_INSTALL = '''\
# Run this cell first. On Colab it installs the course and keeps Colab's own torch; then it checks this machine.
import sys

if "google.colab" in sys.modules:
    from importlib.metadata import version

    keep = " ".join(f"{{name}}=={{version(name)}}" for name in ("torch", "torchvision", "numpy"))
    %pip install -q "git+https://github.com/{repo}@{branch}" {{keep}}

from helpers import environment

environment.check()'''


def declaration(course: Path = COURSE) -> dict:
    """`[tool.course]` of pyproject.toml: repo ("owner/name" of the student repository) and branch."""
    with open(Path(course) / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["tool"]["course"]


def badge(stem: str, repo: str, branch: str) -> str:
    """Markdown of the "Open in Colab" badge of a student notebook."""
    return f"[![Open in Colab]({_BADGE})]({_COLAB.format(repo=repo, branch=branch, stem=stem)})"


def source_notebook(stem: str, course: Path = COURSE, repo: str | None = None) -> nbformat.NotebookNode:
    """The completed notebook of a text source, not yet executed, with its generated cells and its cell ids.

    repo: "owner/name" that badge and install line point to; the declared one where it is None.
    Raises FileNotFoundError for an unknown stem, ValueError where the source does not begin with a title.
    """
    import jupytext  # here: the parts that need no notebook run where Jupyter is not installed
    import nbformat

    cells(stem, course)  # says in one sentence that there is no such source
    declared = declaration(course)
    repo, branch = repo or declared["repo"], declared["branch"]
    text = (Path(course) / "solutions" / f"{stem}.py").read_text(encoding="utf-8")
    read = jupytext.reads(text, fmt="py:percent")
    if not read.cells or read.cells[0].cell_type != "markdown":
        raise ValueError(f"solutions/{stem}.py does not begin with a markdown cell: please put the title there.")
    read.cells[0].source = f"{badge(stem, repo, branch)}\n\n{read.cells[0].source}"
    install = nbformat.v4.new_code_cell(_INSTALL.format(repo=repo, branch=branch))
    install.metadata.update({"generated": True, "tags": ["nbval-ignore-output", "skip-grading"]})
    read.cells.insert(1, install)
    for index, cell in enumerate(read.cells):
        cell.metadata.pop("lines_to_next_cell", None)
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id") or f"{stem}-{index:02d}"
    metadata = {"course": {"assignment": stem, "release": __version__}, "kernelspec": KERNEL, "language_info": LANGUAGE}
    notebook = nbformat.v4.new_notebook(cells=read.cells, metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def student_notebook(stem: str, course: Path = COURSE, repo: str | None = None) -> nbformat.NotebookNode:
    """The student's notebook of a text source: `cleared`, with the version of this release in its metadata.

    Raises RuntimeError with nbgrader's own words where it refuses.
    """
    from ..assignment import version_of

    notebook = source_notebook(stem, course, repo)
    student = cleared(stem, notebook)
    student.metadata.course["release"] = version_of(notebook)
    return student


def cleared(stem: str, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An instructor's notebook without solutions, hidden tests and outputs, by nbgrader's own generate_assignment.

    It runs in a course folder of its own. Raises RuntimeError with nbgrader's own words where it refuses.
    """
    import nbformat
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source" / stem / f"{stem}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
        config = Config()
        config.CourseDirectory.root = folder
        config.CourseDirectory.assignment_id = stem
        config.GenerateAssignment.no_database = True  # as `nbgrader generate_assignment --no-db` does
        config.SaveCells.enabled = False
        words = _Words()
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config, log=words.logger)
        here = os.getcwd()
        try:
            converter.start()
        except Exception as error:
            raise RuntimeError(f"nbgrader cannot make the student notebook {stem}: {words.first or error}") from error
        finally:
            os.chdir(here)
        release = nbformat.read(Path(folder) / "release" / stem / f"{stem}.ipynb", as_version=4)
    return release


class _Words(logging.Handler):
    """Keeps the first reason that nbgrader logs, since its exception only points to its log, and prints nothing."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.first = ""
        self.logger = logging.Logger("generate_assignment")
        self.logger.addHandler(self)

    def emit(self, record):
        reason = record.exc_info[1] if record.exc_info else record.getMessage()
        self.first = self.first or str(reason).splitlines()[0]
