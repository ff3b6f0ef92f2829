"""Answers in words: found wherever they stand, never judged by a program, never a silent zero; a person's points stay."""

import copy
import csv
import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import Assignment, grade_id, is_solution, version_of
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.judging import written
from autograder.judging.verdicts import WRITTEN, Verdict
from autograder.pages import exports, feedback
from autograder.pages.wording import what_to_do
from autograder.submissions import matching
from autograder.submissions.reading import notebook as read

STEM = "06_cnn_vs_vit"
FIRST, SECOND = "strengths_and_weaknesses", "what_next"
TEXT = "The CNN reads 95 % with 100 digits, the ViT 70 % (6.6): locality is wired, so loss < 1."


@pytest.fixture(scope="module")
def one():
    return Assignment(STEM, source_notebook(STEM), student_notebook(STEM))


@pytest.fixture(scope="module")
def solved(one):
    """A student's notebook with right code and one of the two answers."""
    right = {grade_id(cell): re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.M) for cell in one.source.cells if is_solution(cell)}
    notebook = copy.deepcopy(one.release)
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = TEXT if grade_id(cell) == FIRST else right[grade_id(cell)]
    cell_of(notebook, SECOND).source = cell_of(one.release, SECOND).source
    return notebook


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def found(one, notebook):
    return matching.match(one, read(nbformat.writes(notebook).encode()).cells)


def test_students_get_neither_model_answer_nor_marking_scheme(one):
    assert {exercise.grade_id for exercise in one.exercises if exercise.is_written} == {FIRST, SECOND}
    assert sum(exercise.points for exercise in one.exercises) == 5
    for name in (FIRST, SECOND):
        assert cell_of(one.release, name).source == "YOUR ANSWER HERE"
        assert "**Marking scheme (1 point).**" in cell_of(one.source, name).source
    assert "Marking scheme" not in nbformat.writes(one.release)


def test_the_model_answer_makes_no_difference_to_the_release_and_the_question_does(one):
    other = copy.deepcopy(one.source)
    cell_of(other, FIRST).source += "\n\nAlso right: ..."
    assert version_of(other) == version_of(one.source)
    cell_of(other, FIRST).metadata.nbgrader["points"] = 2
    assert version_of(other) != version_of(one.source)


def test_an_answer_is_found_and_comes_without_html(one, solved):
    match = found(one, solved)
    assert (match.answers[FIRST].state, match.answers[FIRST].source) == ("attempted", TEXT)
    assert match.answers[SECOND].state == "stub" and match.repairs == []
    assert TEXT not in "".join(match.program)
    rebuilt = matching.rebuild(one, match)
    assert cell_of(rebuilt, FIRST).source == TEXT.replace("<", "&lt;") and cell_of(rebuilt, SECOND).source == "YOUR ANSWER HERE"


@pytest.mark.parametrize("how", ["in the cell below", "cell deleted", "marks lost", "turned into code", "written below the stub"])
def test_an_answer_in_another_place_is_found(one, solved, how):
    notebook = copy.deepcopy(solved)
    at = next(index for index, cell in enumerate(notebook.cells) if grade_id(cell) == FIRST)
    if how == "in the cell below":
        notebook.cells[at].source = "YOUR ANSWER HERE"
        notebook.cells.insert(at + 1, nbformat.v4.new_markdown_cell(TEXT))
    elif how == "cell deleted":
        notebook.cells[at] = nbformat.v4.new_markdown_cell(TEXT)
    elif how == "marks lost":
        for cell in notebook.cells:
            cell.metadata.pop("nbgrader", None)
            cell.id = f"x{abs(hash(cell.id))}"[:20]
    elif how == "turned into code":
        notebook.cells[at] = nbformat.v4.new_code_cell(TEXT, metadata=notebook.cells[at].metadata)
    else:
        notebook.cells[at].source = f"YOUR ANSWER HERE\n\n{TEXT}"
    match = found(one, notebook)
    assert match.answers[FIRST].state == "attempted" and TEXT in match.answers[FIRST].source
    assert TEXT not in "".join(match.program)
    shown = "".join(cell.source for cell in matching.rebuild(one, match).cells)
    assert shown.count(TEXT.replace("<", "&lt;")) == 1
    assert bool(match.repairs) == (how != "written below the stub")
    assert match.answers["precision_recall_f1"].state == "attempted"


def test_text_that_stands_anywhere_else_is_looked_for_by_a_person(one, solved):
    notebook = copy.deepcopy(solved)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) != FIRST]
    notebook.cells.insert(2, nbformat.v4.new_markdown_cell(TEXT))
    exercise = next(exercise for exercise in one.exercises if exercise.grade_id == FIRST)
    verdict = written.verdict(exercise, found(one, notebook).answers[FIRST].state)
    assert (verdict.status, verdict.points) == ("needs_review", 0.0)
    del notebook.cells[2]
    assert written.verdict(exercise, found(one, notebook).answers[FIRST].state).status == "not_attempted"


def test_points_of_a_person_take_the_place_of_waiting():
    waits = Verdict(FIRST, 0.0, 1.0, "needs_review", findings=(WRITTEN,))
    code = Verdict("precision_recall_f1", 1.5, 1.5, "graded")
    (half, same) = written.marked([waits, code], {FIRST: written.Mark(0.75, "Say why."), "precision_recall_f1": written.Mark(0.0)})
    assert (half.status, half.points, half.messages, half.passed) == ("graded", 0.75, ("Say why.",), False) and same is code
    assert written.marked([waits], {FIRST: written.Mark(1.0)})[0].passed
    again = written.marked([waits], {FIRST: written.Mark(0.75, again=True)})[0]
    assert (again.status, again.points) == ("needs_review", 0.75) and "0.75 of 1 before" in again.messages[0]
    assert feedback.is_open(waits) and not feedback.is_open(half) and not feedback.is_open(again)
    assert what_to_do([waits, code]) == "Your instructor will look at Strengths and weaknesses. There is nothing you need to do."
    assert what_to_do([half, code]).startswith("Everything has been judged, your answers in words by your instructor.")


# ------------------------------------------------------------------------------------------------- a class of two, graded


def grade(folder):
    command = [sys.executable, "-m", "autograder", "grade", str(folder / "submissions"), "--out", str(folder / "out"), "--course", str(folder / "course"), "--jobs", "1", "--export", "canvas", "--export", "gradescope"]
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(folder / "out" / "grades.csv", newline="", encoding="utf-8") as file:
        return {(row["student"], row["exercise"]): (row["points"], row["status"]) for row in csv.DictReader(file)}, done.stdout


def page(folder, student):
    return (folder / "out" / "feedback" / student / f"{STEM}.html").read_text(encoding="utf-8")


def canvas(folder):
    with open(folder / "out" / "exports" / "canvas.csv", newline="", encoding="utf-8") as file:
        return {row["SIS Login ID"]: row[f"{STEM}: Strengths and weaknesses"] for row in csv.DictReader(file) if row["SIS Login ID"]}


def test_a_class_is_graded_marked_by_hand_and_graded_again(tmp_path, solved, one):
    (tmp_path / "course" / "solutions").mkdir(parents=True)
    shutil.copy(COURSE / "solutions" / f"{STEM}.py", tmp_path / "course" / "solutions")
    shutil.copy(COURSE / "pyproject.toml", tmp_path / "course")
    for student, notebook in (("ada", solved), ("ben", one.release)):
        (tmp_path / "submissions" / student).mkdir(parents=True)
        nbformat.write(notebook, tmp_path / "submissions" / student / f"{STEM}.ipynb")

    rows, _ = grade(tmp_path)
    assert rows["ada", FIRST] == ("0", "needs_review") and rows["ada", SECOND] == ("0", "not_attempted")
    assert rows["ben", FIRST] == rows["ben", SECOND] == ("0", "not_attempted")
    assert rows["ada", "precision_recall_f1"] == rows["ada", "mean_attention_distance"] == ("1.5", "graded")
    text = page(tmp_path, "ada")
    assert "3 of 5 points; 1 still to be given" in text and "A person reads this answer and gives the points." in text and "up to 1" in text
    assert "loss &lt; 1" in text and "&amp;lt;" not in text
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Answers to read" in report and "Waits for you" not in report
    assert canvas(tmp_path) == {"ada": "", "ben": "0"}
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as book:
        ada, ben = (book.find_grade(FIRST, STEM, STEM, student) for student in ("ada", "ben"))
        assert (ada.auto_score, ada.needs_manual_grade) == (None, True) and (ben.auto_score, ben.needs_manual_grade) == (0, False)
        ada.manual_score, ada.needs_manual_grade = 0.75, False  # as formgrader does when somebody types 0.75
        book.find_comment(FIRST, STEM, STEM, "ada").manual_comment = "Say what locality does."
        book.db.commit()

    rows, told = grade(tmp_path)
    assert rows["ada", FIRST] == ("0.75", "graded")
    assert "ada, strengths_and_weaknesses: 0 -> 0.75 (a person gave the points)" in told
    text = page(tmp_path, "ada")
    assert "3.75 of 5 points" in text and "still to be given" not in text and "Marked by your instructor" in text and "Say what locality does." in text
    own = (tmp_path / "out" / "feedback" / "ada" / STEM / f"{STEM}.html").read_text(encoding="utf-8")
    assert "Score: 3.75 / 5.0" in own and "Say what locality does." in own  # nbgrader's own page
    assert "Answers to read" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert canvas(tmp_path) == {"ada": "0.75", "ben": "0"}
    tests = json.loads((tmp_path / "out" / "exports" / "gradescope" / "ada" / "results.json").read_text())["tests"]
    assert {test["name"].partition(": ")[2]: test.get("score") for test in tests}["Strengths and weaknesses"] == 0.75

    cell_of(solved, FIRST).source += " And more."
    nbformat.write(solved, tmp_path / "submissions" / "ada" / f"{STEM}.ipynb")
    rows, _ = grade(tmp_path)
    assert rows["ada", FIRST] == ("0.75", "needs_review")  # kept, and to be looked at again
    with Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}") as book:
        ada = book.find_grade(FIRST, STEM, STEM, "ada")
        assert (ada.manual_score, ada.score, ada.needs_manual_grade) == (0.75, 0.75, True)
    assert exports.write(tmp_path / "out", ("canvas",)) and canvas(tmp_path)["ada"] == "0.75"
