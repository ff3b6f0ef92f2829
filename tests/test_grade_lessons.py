"""Notebooks of lessons in a class: graded where they are handed in, and no loss for those who do not."""

import copy
import csv
import re
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import grade_id, is_solution
from autograder.building.execution import environment
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from helpers.checks.lessons import bugs

STEMS = ("01_patches", "05_bug_hunt", "10_look_inside")
BROKEN = {"bug_softmax": "BrokenSoftmaxLitViT", "bug_flip": "broken_augment", "bug_token": "broken_hub_token", "bug_normalize": "BrokenNormalizeViT"}


@pytest.fixture(scope="module")
def right():
    """The right answers by exercise, as a student would have written them."""
    cells = [cell for stem in STEMS for cell in source_notebook(stem).cells if is_solution(cell)]
    return {grade_id(cell).removesuffix("_solution"): re.sub(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.M) for cell in cells}


def put(path, stem, answers):
    """The notebook that students get, with some answers."""
    notebook = copy.deepcopy(student_notebook(stem))
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = answers.get(grade_id(cell).removesuffix("_solution"), cell.source)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook))


def as_it_was(bug):
    """The broken code of a bug under the name that students give to the mended one."""
    source = next(cell.source for cell in source_notebook("05_bug_hunt").cells if re.search(rf"^(class|def) {BROKEN[bug]}\b", cell.source, flags=re.M))
    return source.replace(BROKEN[bug], bugs.NAMES[bug])


@pytest.fixture(scope="module")
def graded(tmp_path_factory, right):
    folder = tmp_path_factory.mktemp("lessons")
    submissions = folder / "submissions"
    for student in ("core", "hunter", "looker", "perfect"):
        put(submissions / student / "01_patches.ipynb", "01_patches", right)
    for stem in STEMS[1:]:
        put(submissions / "perfect" / f"{stem}.ipynb", stem, right)
    mended = {bug: right[bug] for bug in ("bug_batch_axis", "bug_class_token", "bug_callback_twice")}
    put(submissions / "hunter" / "bugs (1).ipynb", "05_bug_hunt", mended | {bug: as_it_was(bug) for bug in BROKEN})
    put(submissions / "looker" / "10_look_inside.ipynb", "10_look_inside",
        {"attention_rollout": right["attention_rollout"].replace("layer @ rollout", "rollout @ layer")})
    arguments = ["grade", str(submissions), "--out", str(folder / "out"), "--course", str(COURSE), "--jobs", "2", "--timeout", "60"]
    done = subprocess.run([sys.executable, "-m", "autograder", *arguments], env=environment(), capture_output=True, text=True, timeout=900, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def rows(graded):
    with open(graded / "grades.csv", newline="") as file:
        return {(row["student"], row["exercise"]): row for row in csv.DictReader(file)}


def test_right_answers_earn_five_points_a_notebook(rows):
    for stem in STEMS[1:]:
        found = [row for row in rows.values() if (row["student"], row["notebook"]) == ("perfect", stem)]
        assert [(row["points"], row["status"], row["findings"]) for row in found] == [(row["max_points"], "graded", "") for row in found]
        assert sum(float(row["points"]) for row in found) == 5


@pytest.mark.parametrize(
    ("bug", "points", "status", "first"),
    [
        ("bug_batch_axis", 0.5, "repaired", ""),
        ("bug_class_token", 0.5, "repaired", ""),
        ("bug_callback_twice", 0.5, "repaired", ""),
        ("bug_shared_norm", 0, "not_attempted", "not_implemented"),
        ("bug_two_that_cancel", 0, "not_attempted", "not_implemented"),
        ("bug_softmax", 0, "repaired", "softmax_before_cross_entropy"),
        ("bug_normalize", 0, "repaired", "normalizes_across_tokens"),
        ("bug_flip", 0, "repaired", "mirrored"),
        ("bug_token", 0, "repaired", "token_in_source"),
    ],
)
def test_a_bug_earns_its_half_point_or_nothing(rows, bug, points, status, first):
    row = rows["hunter", bug]
    assert (float(row["points"]), row["status"], row["findings"].split(";")[0]) == (points, status, first)
    assert row["notebook"] == "05_bug_hunt"  # known by its cells: the file has another name


def test_a_wrong_rollout_loses_points_and_is_told_why(graded, rows):
    row = rows["looker", "attention_rollout"]
    assert (row["status"], row["findings"]) == ("graded", "wrong_order") and 0 < float(row["points"]) < 5
    page = (graded / "feedback" / "looker" / "10_look_inside.html").read_text(encoding="utf-8")
    assert "the layers are multiplied in the wrong order" in page and "the two results are swapped" not in page
    assert "the layers are multiplied in the wrong order" in (graded / "report.html").read_text(encoding="utf-8")


def test_who_hands_in_no_lesson_loses_nothing(graded, rows):
    assert {row["notebook"] for row in rows.values() if row["student"] == "core"} == {"01_patches", "02_attention_block", "03_vision_transformer", "04_training"}
    assert {rows[student, "attention_block"]["status"] for student in ("core", "hunter", "looker", "perfect")} == {"missing"}  # what a lesson loads is no answer
    assert "mean of 10 points" in (graded / "report.html").read_text(encoding="utf-8")
    page = (graded / "feedback" / "core" / "index.html").read_text(encoding="utf-8")
    assert "of 10 points" in page and "bug" not in page.lower() and "look inside" not in page.lower()
    assert not (graded / "feedback" / "core" / "05_bug_hunt.html").exists()
    with Gradebook(f"sqlite:///{graded / 'gradebook.db'}") as book:
        assert {one.assignment.name for one in book.student_submissions("core")} == {"01_patches"}
        assert book.find_submission("05_bug_hunt", "perfect").score == 5
