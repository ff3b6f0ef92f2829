"""A class for benchmarks: students with right and wrong answers who all ran notebook 04 at the smoke budget.

Its training is repeatable, so stock nbgrader, which trains every model again, ends with the scores of the checkpoints
that were handed in.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nbformat
from tqdm import tqdm

from autograder import files
from autograder.assignment import grade_id, is_graded
from autograder.building.execution import execute
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.sample_class import CORE, Material

LAST_TRAINED = "trainer.fit("  # the cell of notebook 04 after which checkpoints and curves are there
# What the students of the class hand in, in turn: exercise -> diagnosis of the answer, or None for the untouched stub.
KINDS: tuple[dict[str, str | None], ...] = (
    {},
    {"img_to_patch": "column_major_order"},
    {"attention_block": "post_norm"},
    {"vision_transformer": "mean_pool"},
    {},
    {"img_to_patch": "channels_last_in_patch", "lit_vit": "softmax_before_cross_entropy"},
    {"attention_block": "shared_norm"},
    {"vision_transformer": "pos_missing"},
    {"vision_transformer": None, "lit_vit": None},
    {"attention_block": "relu_instead_of_gelu", "img_to_patch": "transposed_patch"},
)


def make(folder: Path, students: int) -> Path:
    """Write a class of so many students into folder/submissions, where it is not there already, and return that folder.

    Each kind of student is trained once, in folder/kinds, and goes on from there when it was stopped.
    """
    folder = Path(folder)
    kinds = [_kind(folder / "kinds" / str(number), number) for number in tqdm(range(min(students, len(KINDS))), desc="students trained", file=sys.stderr)]
    for number in range(students):
        place = folder / "submissions" / f"s{number:03d}"
        if not place.is_dir():
            part = place.with_name(f".{place.name}")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(kinds[number % len(kinds)], part)
            part.rename(place)
    return folder / "submissions"


def _kind(folder: Path, number: int) -> Path:
    if folder.is_dir():
        return folder
    part = folder.with_name(f".{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    material = Material({stem: student_notebook(stem) for stem in CORE}, {stem: source_notebook(stem) for stem in CORE}, COURSE / "tests" / "corpus", part)
    answers = {exercise: _answer(material, exercise, code) for exercise, code in KINDS[number].items()}
    notebooks = {stem: material.notebook(stem, **answers) for stem in CORE}
    execute(_short(notebooks), part)
    for stem, notebook in notebooks.items():
        files.write(part / f"{stem}.ipynb", nbformat.writes(notebook))
    for name in ("tensorboard", "checkpoints/last.ckpt"):
        path = part / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    part.rename(folder)
    return folder


def _answer(material: Material, exercise: str, code: str | None) -> str:
    if code:
        return material.mistake(exercise, code)
    return next(cell.source for notebook in material.releases.values() for cell in notebook.cells if grade_id(cell) == f"{exercise}_solution")


def _short(notebooks: dict[str, nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """One notebook that does what the four do up to the end of training, without figures and checks."""
    cells = []
    for stem, notebook in notebooks.items():
        for cell in notebook.cells:
            kept = "skip-grading" not in cell.metadata.get("tags", []) or stem == CORE[-1]
            if cell.cell_type == "code" and kept and not is_graded(cell) and not cell.metadata.get("generated"):
                cells.append(cell)
            if LAST_TRAINED in cell.source:
                break
    return nbformat.v4.new_notebook(cells=nbformat.from_dict(cells), metadata=notebooks[CORE[0]].metadata)
