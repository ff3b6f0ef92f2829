"""A Canvas download with a roster through the command line: who is missing, who is late and what it costs."""

import csv
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import grade_id, is_solution
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE

STEM = "01_patches"
EXERCISES = 7


def command(tmp_path, *more):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "VIT_DATA": "MNIST-5k", "PYTHONPATH": str(COURSE)}
    arguments = [sys.executable, "-m", "autograder", "grade", "submissions.zip", "--out", "out", "--course", str(COURSE), "--jobs", "2", *more]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300, cwd=tmp_path)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lms")
    notebook = student_notebook(STEM)
    right = {grade_id(cell): cell.source for cell in source_notebook(STEM).cells if is_solution(cell)}
    for cell in notebook.cells:
        cell.source = right.get(grade_id(cell), cell.source)
    text = nbformat.writes(notebook)
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        archive.writestr("lovelaceada_4711_90001_01_patches.ipynb", text)
        archive.writestr("hoppergrace_LATE_815_90002_Copy of 01_patches.ipynb", text)
        archive.writestr("hoppergrace_LATE_815_90003_timestamp.txt", "2001-01-01 00:00:00 UTC")
        archive.writestr("strangera_99_90004_01_patches-1.ipynb", text)
    (folder / "roster.csv").write_text("Student;ID;E-mail\nAda Lovelace;4711;ada@example.org\nGrace Hopper;815;\nAlan Turing;7;\n", encoding="utf-8-sig")
    return folder, command(folder, "--roster", "roster.csv", "--late-policy", "zero")


def test_everybody_on_the_roster_has_rows_and_strangers_too(graded):
    folder, done = graded
    assert done.returncode == 0, done.stdout + done.stderr
    with open(folder / "out" / "grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == [student for student in ("4711", "7", "815", "99") for _ in range(EXERCISES)]
    points = {row["student"]: (float(row["points"]), row["status"]) for row in rows if row["exercise"] == "img_to_patch"}
    assert points == {"4711": (2, "graded"), "7": (0, "missing"), "815": (2, "repaired"), "99": (2, "repaired")}
    assert {row["status"] for row in rows if row["student"] == "7"} == {"missing"}
    assert "99 is not on the roster" in done.stderr


def test_late_is_what_the_lms_says(graded):
    folder, _ = graded
    with Gradebook(f"sqlite:///{folder / 'out' / 'gradebook.db'}") as book:
        penalties = {student: book.find_submission_notebook(STEM, STEM, student).late_submission_penalty for student in ("4711", "815", "99")}
    assert penalties == {"4711": None, "815": 2.0, "99": None}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--roster", "none.csv"), "The roster none.csv cannot be read"),
        (("--late-policy", "often"), "There is no late policy 'often'"),
    ],
)
def test_a_roster_or_policy_that_cannot_be_used_is_one_sentence(graded, more, said):
    done = command(graded[0], *more)
    assert done.returncode == 2 and done.stderr.startswith(said) and len(done.stderr.splitlines()) == 1, done.stderr
