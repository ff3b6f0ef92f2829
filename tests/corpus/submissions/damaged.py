"""Submissions whose cells are damaged: every way in which students and their editors take a notebook apart."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable

import nbformat

from autograder.sample_class import CORE, Material

from .damaged_files import SAMPLES as FILES
from .sample import EXERCISES, Expected, Sample, everywhere, only

ONE, TWO, THREE, FOUR = CORE
Notebook = dict


def data(m: Material, stem: str, **answers: str) -> Notebook:
    """A notebook with right answers, or with `answers`, as JSON data."""
    return json.loads(nbformat.writes(m.notebook(stem, **answers)))


def mark(cell: dict) -> str:
    """A cell's grade_id, "" for none."""
    own = cell.get("metadata", {}).get("nbgrader") if isinstance(cell.get("metadata"), dict) else None
    return own.get("grade_id", "") if isinstance(own, dict) else ""


def at(notebook: Notebook, grade_id: str) -> int:
    """Where the cell with a grade_id stands."""
    return next(index for index, cell in enumerate(notebook["cells"]) if mark(cell) == grade_id)


def cell(notebook: Notebook, grade_id: str) -> dict:
    """The cell with a grade_id."""
    return notebook["cells"][at(notebook, grade_id)]


def code(source: str, **metadata) -> dict:
    """A code cell of the student's own."""
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def text_of(one: dict) -> str:
    """A cell's source as one string."""
    return "".join(one["source"])


def edited(change: Callable[[Notebook, Material], Notebook | None], stem: str = ONE, **answers: str) -> Callable[[Material], dict[str, bytes]]:
    """Makes a submission of one notebook, right but for `change`."""

    def files(m: Material) -> dict[str, bytes]:
        notebook = data(m, stem, **answers)
        return {f"{stem}.ipynb": json.dumps(change(notebook, m) or notebook).encode()}

    return files


def all_edited(change: Callable[[Notebook, Material], Notebook | None]) -> Callable[[Material], dict[str, bytes]]:
    """Makes a whole hand-in, checkpoints included, with every notebook changed."""

    def files(m: Material) -> dict[str, bytes]:
        made = dict(m.run)
        for stem in CORE:
            notebook = data(m, stem)
            made[f"{stem}.ipynb"] = json.dumps(change(notebook, m) or notebook).encode()
        return made

    return files


# ------------------------------------------------------------------------------------------------------------- changes


def again(source: Callable[[Material, Notebook], str], behind: str = "img_to_patch_solution"):
    """Puts a copy of the answer's cell, metadata and id included, behind a cell."""

    def change(notebook, m):
        copied = copy.deepcopy(cell(notebook, "img_to_patch_solution"))
        copied["source"] = source(m, notebook)
        notebook["cells"].insert(at(notebook, behind) + 1, copied)

    return change


def wrong_first(notebook, m):
    right = text_of(cell(notebook, "img_to_patch_solution"))
    cell(notebook, "img_to_patch_solution")["source"] = m.mistake("img_to_patch", "reshape_only")
    again(lambda m, n: right)(notebook, m)


def without(*grade_ids: str):
    def change(notebook, m):
        notebook["cells"] = [one for one in notebook["cells"] if mark(one) not in grade_ids]

    return change


def strip(*grade_ids: str):
    """Takes the metadata and ids of some cells, or of all, away."""

    def change(notebook, m):
        for one in notebook["cells"]:
            if not grade_ids or mark(one) in grade_ids:
                one["metadata"] = {}
                one.pop("id", None)

    return change


def metadata(grade_id: str, change_mark: Callable[[dict], object]):
    """Sets the nbgrader metadata of a cell to what `change_mark` makes of it."""

    def change(notebook, m):
        one = cell(notebook, grade_id)
        one["metadata"]["nbgrader"] = change_mark(one["metadata"]["nbgrader"])

    return change


def retype(kind: str, *grade_ids: str):
    def change(notebook, m):
        for one in notebook["cells"]:
            if mark(one) in grade_ids:
                one["cell_type"] = kind
                one.pop("outputs", None), one.pop("execution_count", None)

    return change


def merged(notebook, m):
    answer, test = cell(notebook, "img_to_patch_solution"), cell(notebook, "img_to_patch")
    test["source"] = text_of(answer) + "\n\n" + text_of(test)
    notebook["cells"].remove(answer)


def split(grade_id: str, line: Callable[[list[str]], int], marks: bool):
    """Cuts a cell in two at a line, as Ctrl-Shift-Minus does; the lower part with or without the marks."""

    def change(notebook, m):
        one = cell(notebook, grade_id)
        lines = text_of(one).splitlines(keepends=True)
        cut = line(lines)
        lower = copy.deepcopy(one) if marks else code("")
        one["source"], lower["source"] = "".join(lines[:cut]), "".join(lines[cut:])
        notebook["cells"].insert(notebook["cells"].index(one) + 1, lower)

    return change


def before(word: str) -> Callable[[list[str]], int]:
    """The line that begins with a word, but for its indentation."""
    return lambda lines: next(index for index, text in enumerate(lines) if text.lstrip().startswith(word))


middle = before("return ")


def reordered(notebook, m):
    random.Random(4).shuffle(notebook["cells"])


def swapped(notebook, m):
    answer, test = cell(notebook, "img_to_patch_solution"), cell(notebook, "img_to_patch")
    answer["metadata"], test["metadata"] = test["metadata"], answer["metadata"]


def colab_isms(notebook, m):
    notebook["cells"].insert(1, code("from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content\n!pip install -q einops"))
    notebook["cells"].insert(2, code("name = input('Your name? ')\n%load_ext tensorboard\n%tensorboard --logdir logs"))
    notebook["cells"].append(code("img_to_patch(undefined_name, 7)\nraise RuntimeError('an ungraded cell')"))


def moved(m: Material) -> dict[str, bytes]:
    """The AttentionBlock stands at the end of notebook 01; notebook 02 has the stub."""
    first, second = data(m, ONE), json.loads(nbformat.writes(m.releases[TWO]))
    answer = cell(data(m, TWO), "attention_block_solution")
    first["cells"] += [code("from torch import nn"), answer]
    return {f"{ONE}.ipynb": json.dumps(first).encode(), f"{TWO}.ipynb": json.dumps(second).encode()}


def one_file(m: Material) -> dict[str, bytes]:
    notebooks = [data(m, stem) for stem in CORE]
    notebooks[0]["cells"] = [one for notebook in notebooks for one in notebook["cells"]]
    return {**m.run, "homework.ipynb": json.dumps(notebooks[0]).encode()}


def bare(m: Material) -> dict[str, bytes]:
    """Nothing but the answers, without marks, in a notebook of the student's own."""
    cells = [code("import torch\nfrom torch import nn\nimport torch.nn.functional as F\nimport lightning as L")]
    cells += [code(m.right[f"{exercise}_solution"]) for exercise in ("img_to_patch", "attention_block", "vision_transformer")]
    return {"my answers.ipynb": json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()}


def release(version: object):
    def change(notebook, m):
        notebook["metadata"]["course"] = {"assignment": ONE, "release": version}

    return change


RAISES = "def img_to_patch(x, patch_size, flatten_channels=True):\n    return undefined_name\n"
ZERO_ERROR = Expected(0.0, ("error",))
UNSEEN = Expected(0.0, ("not_attempted", "needs_review"))
_A = "attention_block_solution"


def _one(name: str, what: str, change, *mentions: str, quick: bool = False, **expect: Expected) -> Sample:
    return Sample(name, what, edited(change), only(ONE, **expect), mentions=mentions, quick=quick)


CELLS = [
    Sample("perfect-loose", "everything right, loose files", lambda m: m.all(), quick=True),
    Sample("perfect-stripped", "everything right, all metadata and ids gone", all_edited(strip()), mentions=("lost the marks",)),
    Sample("perfect-reordered", "everything right, the cells of each notebook shuffled", all_edited(reordered)),
    Sample("untouched", "the release as it was given", lambda m: {f"{s}.ipynb": nbformat.writes(m.releases[s]).encode() for s in CORE}, everywhere(0.0, "not_attempted"), quick=True),
    _one("answer-twice", "a wrong try and the right answer in a copy of the cell below", wrong_first, "the last complete one", quick=True),
    _one("stub-below", "a fresh copy of the stub below the answer", again(lambda m, n: text_of({"source": next(c.source for c in m.releases[ONE].cells if mark(c) == "img_to_patch_solution")}), "img_to_patch"), "there 2 times"),
    _one("broken-below", "half a second try below the answer", again(lambda m, n: "def img_to_patch(x, patch_size):\n    return x.reshape("), "the last complete one"),
    _one("test-twice", "the test cell was copied", lambda n, m: n["cells"].insert(0, copy.deepcopy(cell(n, "img_to_patch"))), "there 2 times; it counts once"),
    _one("test-deleted", "the test cell is gone", without("img_to_patch"), "was missing; it was put back", quick=True),
    _one("answer-deleted", "the answer's cell is gone", without("img_to_patch_solution"), "put back", img_to_patch=UNSEEN),
    _one("both-deleted", "answer and test are gone", without("img_to_patch_solution", "img_to_patch"), "put back", img_to_patch=UNSEEN),
    _one("no-cells", "all cells are gone", lambda n, m: n.update(cells=[]), "has no cells", img_to_patch=Expected(0.0, ("not_gradable",))),
    _one("merged", "answer and test in one cell", merged),
    _one("test-edited", "the test cell says 1000", lambda n, m: cell(n, "img_to_patch").update(source="1000"), "had been changed", quick=True),
    _one("test-emptied", "the test cell is empty", lambda n, m: cell(n, "img_to_patch").update(source=""), "had been changed"),
    Sample("class-split-marked", "a class cut between its methods, both parts with the marks", edited(split(_A, before("def forward"), True), TWO), only(TWO), mentions=("were read as one",), quick=True),
    Sample("class-split-bare", "a class cut inside a method, the lower part without marks", edited(split(_A, middle, False), TWO), only(TWO), mentions=("were read as one",)),
    Sample("class-split-docstring", "a class cut inside its docstring", edited(split(_A, lambda lines: 3, False), TWO), only(TWO), mentions=("were read as one",)),
    _one("function-split", "a function cut before its return", split("img_to_patch_solution", middle, True), "were read as one"),
    _one("function-head", "a function cut after its first line", split("img_to_patch_solution", lambda lines: 1, False), "were read as one"),
    _one("answer-markdown", "the answer was turned into text", retype("markdown", "img_to_patch_solution"), "turned into text"),
    _one("answer-raw", "the answer was turned into a raw cell", retype("raw", "img_to_patch_solution"), "turned into text"),
    _one("test-markdown", "the test was turned into text", retype("markdown", "img_to_patch")),
    _one("stripped-answer", "the answer's cell has lost its metadata", strip("img_to_patch_solution"), "No cell had the mark"),
    _one("stripped-test", "the test cell has lost its metadata", strip("img_to_patch"), "mark of the test cell"),
    _one("ids-swapped", "answer and test have each other's marks", swapped),
    _one("id-renamed", "the answer has another grade_id", metadata("img_to_patch_solution", lambda own: {**own, "grade_id": "mine"}), "No cell had the mark"),
    _one("points-1000", "the points were set to 1000", metadata("img_to_patch", lambda own: {**own, "points": 1000}), "those of the course count"),
    _one("grade-false", "the test is marked as not graded", metadata("img_to_patch", lambda own: {**own, "grade": False, "locked": False}), "those of the course count"),
    _one("schema-99", "the metadata are of a version to come", metadata("img_to_patch", lambda own: {**own, "schema_version": 99}), "those of the course count"),
    _one("schema-gone", "the metadata have no version", metadata("img_to_patch_solution", lambda own: {key: value for key, value in own.items() if key != "schema_version"})),
    _one("nbgrader-null", "the metadata are null", metadata("img_to_patch_solution", lambda own: None), "No cell had the mark"),
    _one("nbgrader-odd", "the metadata have wrong types", metadata("img_to_patch", lambda own: {"grade_id": ["x"], "points": "many", "grade": "yes"}), "mark of the test cell"),
    _one("renamed", "the function has another name", lambda n, m: cell(n, "img_to_patch_solution").update(source=text_of(cell(n, "img_to_patch_solution")).replace("def img_to_patch", "def image_to_patch")), "does not define", img_to_patch=ZERO_ERROR),
    _one("syntax-error", "a bracket is missing", lambda n, m: cell(n, "img_to_patch_solution").update(source="def img_to_patch(x, patch_size, flatten_channels=True):\n    return (x"), "cannot read", img_to_patch=ZERO_ERROR),
    _one("colab-isms", "drive.mount, pip, %cd, input(), %tensorboard and an error in cells that are not graded", colab_isms, quick=True),
    _one("unknown-release", "a release that was never given", release("0.0.9+deadbeef"), "0.0.9+deadbeef, which is not kept"),
    _one("odd-release", "the release is a list", release([1, {}])),
    Sample("moved", "an answer stands in another notebook", moved, only(ONE, TWO), mentions=("was found in 01_patches.ipynb",)),
    Sample("one-file", "all four notebooks in one file", one_file, mentions=("homework.ipynb",)),
    Sample("bare", "nothing but three answers in a notebook of the student's own", bare, {exercise: Expected(0.0, ("missing", "not_attempted", "needs_review")) for exercise in EXERCISES[FOUR]}, mentions=("my answers.ipynb",)),
    _one("wrong-markdown", "a wrong answer turned into text stays wrong", lambda n, m: (cell(n, "img_to_patch_solution").update(source=RAISES), retype("markdown", "img_to_patch_solution")(n, m))[1], img_to_patch=ZERO_ERROR),
]
SAMPLES = CELLS + FILES
