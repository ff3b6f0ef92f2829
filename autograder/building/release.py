"""`python -m autograder release`: writes the student repository, which Colab badges and the install line point to."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from helpers import __version__

from ..assignment import handed_in_by_all
from ..submissions import releases
from .build import as_text
from .notebooks import badge, declaration, student_notebook
from .sources import COURSE, cells, stems

COPIED = ("constraints.txt", "environment.yml", "LICENSE")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")

_PYPROJECT = '''\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "Build, train and hand in a Vision Transformer: the notebooks and what they import"
license = "BSD-3-Clause"
requires-python = "{python}"
dependencies = [
{dependencies}
]

[project.optional-dependencies]
lab = [
{lab}
]

[tool.setuptools.packages.find]
include = ["helpers*"]

[tool.setuptools.package-data]
"helpers.pretrained" = ["*.pt"]

[tool.course]
repo = "{repo}"
branch = "{branch}"
release = "{version}"
'''

_LESSONS = """

Notebooks 01 to 04 are the assignment. Each later one is a lesson with points of its own: hand in those that you did beside the assignment. None is counted as missing."""
_README = '''\
# Vision Transformer course

You build a Vision Transformer step by step, train it on handwritten digits and hand it in: {points} points.
Every exercise has a check that tells you what is wrong and what to try. Release {version}.{lessons}

| notebook | points | open |
| --- | :-: | --- |
{table}

Do them in this order. You can start anywhere: a notebook lends you what you have not built yet.

## In Colab

Click a badge, save a copy (*File > Save a copy in Drive*) and run the first cell: it installs what is missing and keeps Colab's own torch.

## On your own computer

You need Python 3.11, 3.12 or 3.13. Download this repository, open a terminal in its folder and run, on Linux and macOS:

    python3 -m venv .venv
    .venv/bin/python -m pip install -c constraints.txt ".[lab]"
    .venv/bin/python -m jupyterlab notebooks

On Windows:

    py -m venv .venv
    .venv\\Scripts\\python -m pip install -c constraints.txt ".[lab]"
    .venv\\Scripts\\python -m jupyterlab notebooks

With conda: `conda env create -f environment.yml`, `conda activate vision-transformer-course`, `jupyter lab notebooks`.
The first cell of every notebook says with `[OK]` or `[FAIL]` whether all is ready. A GPU is welcome and not needed.

## Hand in

The last cell of `04_training` says what is missing and builds `submission.zip`. Hand in that file.
If it does not work out, hand in your notebooks as they are: they are graded too.
'''


def release(out: Path, repo: str, course: Path = COURSE) -> Path:
    """Write the student repository "owner/name" into the folder `out` and return it.

    It holds notebooks, helpers, environment files and a README, and nothing that answers an exercise. An `out` that
    exists must be empty or an earlier release; what else it holds (.git) stays. Raises ValueError with one sentence.
    """
    out = Path(out)
    if not _REPO.fullmatch(repo):
        raise ValueError(f"{repo!r} is no repository: please give it as owner/name.")
    if out.is_dir() and any(out.iterdir()) and not _is_release(out):
        raise ValueError(f"{out} holds other files: please name a new folder, or one that holds an earlier release.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        _write(Path(folder), repo, course)
        out.mkdir(exist_ok=True)
        for new in sorted(Path(folder).iterdir()):
            old = out / new.name
            if old.is_dir():
                shutil.rmtree(old)
            os.replace(new, old)
    return out


def _is_release(out: Path) -> bool:
    try:
        return bool(declaration(out)["release"])  # the checkout with the solutions declares none
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return False


def _write(folder: Path, repo: str, course: Path) -> None:
    (folder / "notebooks").mkdir()
    for stem in stems(course):
        text = as_text(student_notebook(stem, course, repo))
        (folder / "notebooks" / f"{stem}.ipynb").write_text(text, encoding="utf-8")
    shutil.copytree(COURSE / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for name in COPIED:
        shutil.copy(Path(course) / name, folder / name)
    (folder / ".gitignore").write_text(".venv/\n__pycache__/\n.ipynb_checkpoints/\n*.egg-info/\n/build/\nnotebooks/*\n!notebooks/*.ipynb\n", encoding="utf-8")
    branch = declaration(course)["branch"]
    (folder / "pyproject.toml").write_text(_pyproject(repo, branch, course), encoding="utf-8")
    (folder / "README.md").write_text(_readme(repo, branch, course), encoding="utf-8")


def _pyproject(repo: str, branch: str, course: Path) -> str:
    """The student package: helpers alone, with the dependencies that the course declares."""
    with open(Path(course) / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    listed = [[f'    "{one}",' for one in names] for names in (project["dependencies"], project["optional-dependencies"]["lab"])]
    return _PYPROJECT.format(
        name=project["name"], version=__version__, python=project["requires-python"], repo=repo, branch=branch,
        dependencies="\n".join(listed[0]), lab="\n".join(listed[1]),
    )  # fmt: skip


def _readme(repo: str, branch: str, course: Path) -> str:
    rows, points = [], 0
    for stem in stems(course):
        source = cells(stem, course)
        worth = sum(cell.nbgrader.get("points", 0) for cell in source)
        title = next(line for cell in source if cell.kind == "markdown" for line in cell.text.splitlines() if line.startswith("# "))
        rows.append(f"| {title[2:]} (`{stem}`) | {worth:g} | {badge(stem, repo, branch)} |")
        if handed_in_by_all(stem):
            points += worth
    return _README.format(points=f"{points:g}", version=__version__, table="\n".join(rows), lessons="" if all(map(handed_in_by_all, stems(course))) else _LESSONS)


def main(argv: list[str] | None = None) -> int:
    """Write the student repository; 0 where it worked, else 1 and one sentence."""
    parser = argparse.ArgumentParser(prog="python -m autograder release", description="Write the student repository: notebooks, helpers, environment files, README.")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write; new, empty or an earlier release")
    parser.add_argument("--repo", metavar="OWNER/NAME", required=True, help="repository that badges and the install line point to")
    arguments = parser.parse_args(argv)
    if not arguments.out or not arguments.repo:
        print("Please say where to and for which repository: make release OUT=DIR REPO=owner/name", file=sys.stderr)
        return 1
    try:
        out = release(Path(arguments.out), arguments.repo)
        kept = releases.keep(stems(), COURSE)
    except (ValueError, RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The student repository {arguments.repo} is in {out}: {len(stems())} notebooks, release {__version__}.")
    if kept:
        print(f"{COURSE / releases.KEPT} has what is needed to grade this release later: please keep it, and keep it to yourself.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
