"""Every submission of tests/corpus/submissions graded as one class, through the command line.

A subset runs always; `make test-all` grades all of them.
"""

import contextlib
import csv
import html
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import files
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.records.course import key_of
from autograder.sample_class import CORE, Material
from autograder.submissions import lms
from tests.corpus.submissions import HOSTILE, samples
from tests.corpus.submissions.sample import EXERCISES, FULL, PRIVATE
from tests.trained import train

ENVIRONMENT_CANARY = "canary-0815-in-the-graders-environment"
SOLUTION_CANARY = "canary-1701-in-a-solution"
HIDDEN_CANARY = "canary-2063-in-a-hidden-test"
STEM_OF = {exercise: stem for stem, exercises in EXERCISES.items() for exercise in exercises}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout whose solutions and hidden tests carry canaries."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "solutions").mkdir()
    for stem in CORE:
        text = (COURSE / "solutions" / f"{stem}.py").read_text(encoding="utf-8")
        marked = []
        for line in text.splitlines():
            marked.append(line)
            space = line[: len(line) - len(line.lstrip())]
            if "### BEGIN SOLUTION" in line:
                marked.append(f"{space}# {SOLUTION_CANARY}")
            elif "### BEGIN HIDDEN TESTS" in line:
                marked.append(f"{space}# {HIDDEN_CANARY}")
        (folder / "solutions" / f"{stem}.py").write_text("\n".join(marked) + "\n", encoding="utf-8")
    shutil.copy(COURSE / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def material(course, tmp_path_factory):
    trained = train(tmp_path_factory.mktemp("trained"))
    return Material({stem: student_notebook(stem, course) for stem in CORE}, {stem: source_notebook(stem) for stem in CORE}, COURSE / "tests" / "corpus", trained)


class Graded:
    """What a run of the grader left: rows by (student, exercise), pages by student."""

    def __init__(self, chosen, folder: Path, done: subprocess.CompletedProcess):
        self.samples, self.out, self.done = chosen, folder / "out", done
        self.rows = {}
        with contextlib.suppress(FileNotFoundError), open(self.out / "grades.csv", newline="", encoding="utf-8") as file:
            self.rows = {(row["student"], row["exercise"]): row for row in csv.DictReader(file)}
        self.keys = lms.keys([sample.name for sample in chosen], key_of)

    def page(self, student: str) -> str:
        """All that a student gets to read, as text."""
        return "\n".join(html.unescape(path.read_text(encoding="utf-8")) for path in sorted((self.out / "feedback" / self.keys[student]).rglob("*.html")))


def grade(chosen, material, course, folder: Path) -> Graded:
    submissions = folder / "submissions"
    for sample in chosen:
        place = submissions / sample.name
        place.mkdir(parents=True)
        for name, content in sample.files(material).items():
            files.write(place / name, content)
    for sample in chosen:
        if sample.finish is not None:
            sample.finish(submissions / sample.name, material)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "VIT_DATA": "MNIST-5k", "SECRET_OF_INSTRUCTOR": ENVIRONMENT_CANARY, "PYTHONPATH": str(COURSE)}
    arguments = ["grade", str(submissions), "--out", str(folder / "out"), "--course", str(course), "--jobs", "2", "--timeout", "20"]
    done = subprocess.run([sys.executable, "-m", "autograder", *arguments], env=environment, capture_output=True, text=True, timeout=3000, cwd=folder)
    return Graded(chosen, folder, done)


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.full)])
def graded(request, material, course, tmp_path_factory):
    chosen = [sample for sample in samples() if request.param == "all" or sample.quick]
    result = grade(chosen, material, course, tmp_path_factory.mktemp("class"))
    assert result.done.returncode == 0, result.done.stdout + result.done.stderr
    return result


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(samples("damaged")) >= 40
    assert len(samples(*HOSTILE)) >= 25


def test_every_expectation_is_met(graded):
    wrong = []
    for sample in graded.samples:
        for exercise in FULL:
            expected, row = sample.expected(exercise), graded.rows.get((sample.name, exercise))
            if row is None:
                wrong.append(f"{sample.name}, {exercise}: no row")
            elif (float(row["points"]), row["status"] in expected.statuses) != (expected.points, True) or not set(expected.findings) <= set(row["findings"].split(";")):
                wrong.append(f"{sample.name} ({sample.what}), {exercise}: {row['points']} {row['status']} {row['findings']}, expected {expected}")
    assert not wrong, "\n".join(wrong)


def test_every_cell_of_everybody_has_a_row_and_a_status(graded):
    assert set(graded.rows) == {(sample.name, exercise) for sample in graded.samples for exercise in FULL}
    assert all(row["notebook"] == STEM_OF[row["exercise"]] for row in graded.rows.values())


def test_what_was_mended_or_refused_is_told_to_the_student(graded):
    silent = [(sample.name, words) for sample in graded.samples for words in sample.mentions if words not in graded.page(sample.name)]
    assert not silent


def test_what_was_mended_is_told_to_the_instructor(graded):
    report = html.unescape((graded.out / "report.html").read_text(encoding="utf-8"))
    repaired = {row["student"] for row in graded.rows.values() if row["status"] in ("repaired", "not_gradable", "needs_review")}
    assert repaired and all(student in report for student in repaired)


def written(out: Path, *besides: str):
    """Files that the grader wrote, with their content, but for those below some folders."""
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.relative_to(out).parts[0] not in besides:
            yield path.relative_to(out), path.read_bytes()


def test_nothing_about_a_person_is_published(graded):
    assert any(PRIVATE[0].encode() in path.read_bytes() for path in (graded.out.parent / "submissions").rglob("*.ipynb"))
    told = [(str(path), word) for path, content in written(graded.out) for word in PRIVATE if word.encode() in content]
    assert not told


def test_no_canary_is_in_what_students_get(graded):
    source = b"".join(content for path, content in written(graded.out) if path.parts[0] == "source")
    assert SOLUTION_CANARY.encode() in source and HIDDEN_CANARY.encode() in source
    for path, content in written(graded.out, "source"):
        assert ENVIRONMENT_CANARY.encode() not in content, path
        assert SOLUTION_CANARY.encode() not in content, path
        if path.parts[0] not in ("autograded", "gradebook.db"):  # nbgrader's own copies, for the instructor
            assert HIDDEN_CANARY.encode() not in content, path


def test_outputs_stay_small(graded):
    assert max(len(content) for _, content in written(graded.out, "gradebook.db")) < 2 * 2**20


def test_nothing_was_written_outside(graded):
    assert {path.name for path in graded.out.parent.iterdir()} == {"out", "submissions"}
    assert not Path("/tmp/slipped.txt").exists()
