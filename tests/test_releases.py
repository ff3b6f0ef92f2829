"""A notebook is graded by the release that its student was given, also after the course has moved on."""

import copy
import json
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import OLDER, load, version_of
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.judging.verdicts import Verdict
from autograder.records.course import Course
from autograder.submissions import intake, matching, releases

STEM = "01_patches"


def checkout(place):
    """A checkout with one notebook."""
    folder = place / "course"
    (folder / "solutions").mkdir(parents=True)
    shutil.copy(COURSE / "solutions" / f"{STEM}.py", folder / "solutions")
    shutil.copy(COURSE / "pyproject.toml", folder)
    return folder


def move_on(course):
    path = course / "solutions" / f"{STEM}.py"
    text = path.read_text(encoding="utf-8")
    assert '"points": 2' in text and "2 * report.score" in text
    path.write_text(text.replace('"points": 2', '"points": 5').replace("2 * report.score", "5 * report.score"), encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    return checkout(tmp_path)


@pytest.fixture(scope="module")
def graded_course(tmp_path_factory):
    """(course directory of a grading run after the course has moved on, the notebook that students had)."""
    tmp_path = tmp_path_factory.mktemp("moved-on")
    course = checkout(tmp_path)
    old = student_notebook(STEM, course)
    assert len(releases.keep((STEM,), course)) == 1 and releases.keep((STEM,), course) == []
    move_on(course)
    directory = Course(tmp_path / "out")
    assignments = directory.prepare({STEM: source_notebook(STEM, course)})
    assert releases.prepare(directory.out, course, assignments) == []
    return directory, old


def take(tmp_path, directory, notebook):
    (tmp_path / "student").mkdir(exist_ok=True)
    (tmp_path / "student" / f"{STEM}.ipynb").write_text(nbformat.writes(notebook))
    return intake.take_in(tmp_path / "student", [load(directory.out, STEM)]).notebooks[STEM]


def test_the_version_changes_with_what_is_graded_and_not_with_the_repository(course):
    before = source_notebook(STEM, course)
    assert version_of(before) == version_of(source_notebook(STEM, course, "other/place"))
    assert student_notebook(STEM, course).metadata.course == {"assignment": STEM, "release": version_of(before)}
    path = course / "solutions" / f"{STEM}.py"
    text = path.read_text(encoding="utf-8")
    marked = text.replace("### BEGIN SOLUTION\n", "### BEGIN SOLUTION\n    # another way\n").replace("# ## ", "# ## On ")
    assert marked.count("another way") == 1 and marked.count("## On ") > 1
    path.write_text(marked, encoding="utf-8")  # solutions and texts make no difference to who grades
    assert version_of(source_notebook(STEM, course)) == version_of(before)
    move_on(course)
    assert version_of(source_notebook(STEM, course)) != version_of(before)


def test_a_notebook_of_the_older_release_is_matched_to_that(graded_course, tmp_path):
    directory, old = graded_course
    handed = take(tmp_path, directory, old)
    assert handed.repairs == [] and handed.given.version == old.metadata.course.release
    assert [exercise.points for exercise in handed.given.exercises] == [2]
    current = load(directory.out, STEM)
    assert [exercise.points for exercise in current.exercises] == [5]
    rebuilt = matching.rebuild(current, handed.found)  # what nbgrader gets has the cells of its own gradebook
    assert next(cell for cell in rebuilt.cells if cell.metadata.get("nbgrader", {}).get("grade")).metadata.nbgrader.points == 5


def test_the_gradebook_gets_points_in_proportion(graded_course, tmp_path):
    directory, old = graded_course
    handed, current = take(tmp_path, directory, old), load(directory.out, STEM)
    judged = [Verdict("img_to_patch", 1.5, 2.0, "graded")]
    entered = releases.entered(current, handed.given, judged)
    assert [(one.points, one.max_points, one.status) for one in entered] == [(3.75, 5.0, "graded")]
    assert releases.entered(current, current, judged) is judged
    assert [one.status for one in releases.entered(current, handed.given, [])] == ["needs_review"]
    text = nbformat.writes(matching.rebuild(current, handed.found))
    directory.record("anna", "anna", current, text, entered)
    with Gradebook(directory.url) as book:
        grade = book.find_grade("img_to_patch", STEM, STEM, "anna")
        assert (grade.auto_score, grade.max_score) == (3.75, 5)


def test_an_unknown_release_falls_back_with_a_note(graded_course, tmp_path):
    directory, old = graded_course[0], copy.deepcopy(graded_course[1])
    old.metadata.course["release"] = "1.0.0+00000000"
    handed = take(tmp_path, directory, old)
    assert handed.given.version == load(directory.out, STEM).version
    assert "comes from release 1.0.0+00000000, which is not kept here" in handed.repairs[0]


@pytest.mark.parametrize("release", [None, 3, [], "", "1.0.0"])
def test_no_release_is_the_newest(graded_course, tmp_path, release):
    directory, old = graded_course[0], copy.deepcopy(graded_course[1])
    old.metadata["course"] = {"release": release}
    assert not any("comes from release" in text for text in take(tmp_path, directory, old).repairs)


def test_a_damaged_file_of_an_older_release_is_said_and_stops_nothing(course, tmp_path):
    (course / releases.KEPT / STEM).mkdir(parents=True)
    (course / releases.KEPT / STEM / "1.0.0+11111111.ipynb").write_text(json.dumps({"cells": 3}))
    directory = Course(tmp_path / "out")
    troubles = releases.prepare(directory.out, course, directory.prepare({STEM: source_notebook(STEM, course)}))
    assert len(troubles) == 1 and "1.0.0+11111111.ipynb" in troubles[0]
    assert not (directory.out / OLDER).exists()
