"""A class graded once, cut off, and graded again: what stays, what changes, and that nbgrader's own tools open what is there."""

import contextlib
import csv
import json
import logging
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from autograder.assignment import is_solution
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.judging import cache
from autograder.judging.verdicts import Verdict
from autograder.records import ledger
from autograder.records.gradebook import Book
from autograder.submissions import lateness

STEM = "01_patches"
WRONG = COURSE / "tests" / "corpus" / "img_to_patch" / "wrong"
RIGHT = next(cell.source for cell in source_notebook(STEM).cells if is_solution(cell))


def environment():
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"OMP_NUM_THREADS": "1", "VIT_DATA": "MNIST-5k", "PYTHONPATH": str(COURSE), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def arguments(folder, out, *more):
    return [sys.executable, "-m", "autograder", "grade", str(folder / "submissions"), "--out", str(out), "--course", str(folder / "course"), "--jobs", "1", *more]


def grade(folder, out, *more):
    return subprocess.run(arguments(folder, out, *more), env=environment(), capture_output=True, text=True, timeout=300)


def points(out):
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row["points"] for row in csv.DictReader(file)}


def hand_in(folder, student, answer=None):
    notebook = student_notebook(STEM)
    if answer:
        next(cell for cell in notebook.cells if is_solution(cell)).source = answer
    place = folder / "submissions" / student
    place.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, place / f"{STEM}.ipynb")


def wrong(code):
    texts = (path.read_text(encoding="utf-8") for path in sorted(WRONG.glob("*.py")))
    return next(text.split("\n", 1)[1] for text in texts if text.splitlines()[0] == f"# expect: fail codes={code}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A course of one notebook and a class of four, graded without a disturbance into `out`."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "course" / "solutions").mkdir(parents=True)
    shutil.copy(COURSE / "solutions" / f"{STEM}.py", folder / "course" / "solutions")
    shutil.copy(COURSE / "pyproject.toml", folder / "course")
    hand_in(folder, "ada", RIGHT)
    hand_in(folder, "ben", wrong("column_major_order"))
    hand_in(folder, "cleo", wrong("flatten_ignored"))
    hand_in(folder, "dan")
    done = grade(folder, folder / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4/4 students, 4 notebooks" in done.stderr and len(done.stderr.splitlines()) == 1
    return folder


def test_autograded_and_feedback_are_what_stock_nbgrader_makes_byte_for_byte(folder, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    for student in ("ben", "dan"):
        made = {path: path.read_bytes() for path in (out / "autograded" / student / STEM / f"{STEM}.ipynb", out / "feedback" / student / STEM / f"{STEM}.html")}
        for step in ("autograde", "generate_feedback"):
            done = subprocess.run([sys.executable, "-m", "nbgrader", step, STEM, f"--student={student}", "--force"], cwd=out, env=environment(), capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
        assert all(path.read_bytes() == before for path, before in made.items())


def test_a_run_killed_in_mid_class_ends_with_the_grades_of_an_undisturbed_one(folder, tmp_path):
    out = tmp_path / "out"
    run = subprocess.Popen(arguments(folder, out), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not list(out.glob("cache/*/*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("cache/*/*.json")}
    assert kept and not (out / "grades.csv").exists()
    assert grade(folder, out).returncode == 0
    assert (out / "grades.csv").read_bytes() == (folder / "out" / "grades.csv").read_bytes()
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    for student in ("ada", "ben", "cleo", "dan"):
        assert scores(out, student) == scores(folder / "out", student)


def scores(out, student):
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        return {grade.name: (grade.auto_score, grade.manual_score) for grade in book.find_submission_notebook(STEM, STEM, student).grades}


def test_regrading_keeps_what_a_person_entered_and_tells_what_changed(folder, tmp_path):
    out, own = tmp_path / "out", tmp_path
    shutil.copytree(folder / "out", out)
    for part in ("course", "submissions"):
        shutil.copytree(folder / part, own / part)
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        book.find_grade("img_to_patch", STEM, STEM, "ben").manual_score = 1.75
        book.find_grade("img_to_patch", STEM, STEM, "cleo").extra_credit = 0.5
        book.find_comment("img_to_patch_solution", STEM, STEM, "cleo").manual_comment = "Come and see me."
        book.db.commit()
    before = {path: path.stat().st_mtime_ns for path in out.glob("cache/*/*.json")}
    hand_in(own, "ben", RIGHT)
    shutil.move(own / "submissions" / "cleo", own / "away")
    hand_in(own, "eve")

    done = grade(own, out)
    assert done.returncode == 0, done.stderr
    assert points(out) == {"ada": "2", "ben": "2", "dan": "0", "eve": "0"}
    told = json.loads((out / "run.json").read_text())["changes"]
    assert [(one["student"], one["after"], one["why"]) for one in told] == [("ben", 2, "the submission changed"), ("cleo", None, "no longer handed in"), ("eve", 0, "handed in since")]
    assert "ben, img_to_patch: 1.3333 -> 2 (the submission changed)" in done.stdout
    assert "cleo was graded before" in done.stderr and "cleo was graded before" in (out / "report.html").read_text()
    assert {path for path, when in before.items() if path.stat().st_mtime_ns != when} == {out / "cache" / "ben" / f"{STEM}.json"}
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        grade_of_ben = book.find_grade("img_to_patch", STEM, STEM, "ben")
        assert (grade_of_ben.auto_score, grade_of_ben.manual_score, grade_of_ben.score, grade_of_ben.needs_manual_grade) == (2, 1.75, 1.75, True)
        with pytest.raises(MissingEntry):
            book.find_submission(STEM, "cleo")
    assert "1.75" in (out / "feedback" / "ben" / STEM / f"{STEM}.html").read_text()
    assert not (out / "feedback" / "cleo").exists() and not (out / "submitted" / "cleo" / STEM).exists()

    shutil.move(own / "away", own / "submissions" / "cleo")
    when = (out / "cache" / "ada" / f"{STEM}.json").stat().st_mtime_ns
    kept = (out / "cache" / "cleo" / f"{STEM}.json").stat().st_mtime_ns
    assert grade(own, out, "--only", "cleo", "--exercise", "img_to_patch").returncode == 0
    assert list(points(out)) == ["ada", "ben", "cleo", "dan", "eve"]  # the others' rows stay
    assert (out / "cache" / "ada" / f"{STEM}.json").stat().st_mtime_ns == when
    assert (out / "cache" / "cleo" / f"{STEM}.json").stat().st_mtime_ns != kept
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        assert book.find_grade("img_to_patch", STEM, STEM, "cleo").extra_credit == 0.5
        assert book.find_comment("img_to_patch_solution", STEM, STEM, "cleo").comment == "Come and see me."
    assert "Come and see me." in (out / "feedback" / "cleo" / STEM / f"{STEM}.html").read_text()


@pytest.mark.parametrize(("more", "said"), [(("--only", "zoe"), "There is no student called zoe"), (("--exercise", "nope"), "There is no exercise called nope")])
def test_what_is_not_there_is_said_in_one_sentence(folder, more, said):
    done = grade(folder, folder / "out", *more)
    assert done.returncode == 2 and done.stderr.startswith(said) and len(done.stderr.splitlines()) == 1


def test_two_runs_never_write_into_one_folder(folder):
    with ledger.alone(folder / "out"):
        done = grade(folder, folder / "out")
    assert done.returncode == 2 and done.stderr.startswith("Another run is writing into") and len(done.stderr.splitlines()) == 1


def test_formgrader_opens_the_course_directory(folder, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(folder / "out", out)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    command = [
        sys.executable, "-m", "jupyter", "server", "--allow-root", "--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password=",
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]  # fmt: skip
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=out, env=environment() | settings, stdout=log, stderr=log)
    try:
        base = f"http://127.0.0.1:{port}/formgrader"
        api = f"{base}/api"
        assignments = json.loads(fetch(f"{api}/assignments", server))
        assert [(one["name"], one["num_submissions"], one["max_score"]) for one in assignments] == [(STEM, 4, 2)]
        submissions = json.loads(fetch(f"{api}/submissions/{STEM}", server))
        assert {one["student"]: (one["score"], one["autograded"]) for one in submissions} == {student: (float(score), True) for student, score in points(out).items()}
        notebooks = json.loads(fetch(f"{api}/submitted_notebooks/{STEM}/{STEM}", server))
        page = fetch(f"{base}/submissions/{notebooks[0]['id']}/", server)
        assert "img_to_patch" in page and "of 2 points" in page
    finally:
        server.terminate()
        server.wait(30)


def fetch(url, server):
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read().decode("utf-8")
        except OSError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.2)


# ---------------------------------------------------------------------------------------------------- in this process


def verdict(exercise, score, **more):
    return Verdict(exercise, score, 2.0, "graded", **more)


def test_what_is_kept_stands_until_a_part_changes_or_it_is_asked_for(tmp_path):
    parts = dict.fromkeys(cache.PARTS, "1")
    kept = cache.Kept(tmp_path, "ada", "nb", parts)
    assert kept.verdicts(()) == {}
    kept.add("ada", [verdict("a", 1.0), verdict("b", 2.0), verdict("c", 0.0, findings=("grader_error",))])
    again = cache.Kept(tmp_path, "ada", "nb", parts)
    assert set(again.verdicts(())) == {"a", "b"}  # what the grader failed at is tried again
    assert set(again.verdicts(["a"])) == {"b"}
    for part in cache.PARTS:
        changed = cache.Kept(tmp_path, "ada", "nb", parts | {part: "2"})
        assert changed.verdicts(()) == {} and set(changed.verdicts(["a"])) == {"b"}
    changed.add("ada", [verdict("a", 2.0)])
    assert set(cache.Kept(tmp_path, "ada", "nb", parts).verdicts(())) == {"b"}
    kept.path.write_text("{")
    assert cache.Kept(tmp_path, "ada", "nb", parts).verdicts(()) == {}


def test_a_change_is_told_with_its_reason():
    def result(points, state="found", **parts):
        return {"student": "ada", "notebooks": {"nb": {"state": state, "parts": parts, "verdicts": [verdict("a", points)]}}}

    def why(before, after):
        return [one["why"] for one in ledger.changes({"ada": before} if before else {"ben": result(1)}, [after] if after else [])]

    assert why(result(1, grader="1"), result(1, grader="2")) == []
    assert why(result(1, grader="1"), result(2, grader="2")) == ["the grader changed"]
    assert why(result(1, grader="1", release="1"), result(2, grader="2", release="2")) == ["the release changed, the grader changed"]
    assert why(result(1), result(0, "missing")) == ["no longer handed in"]
    assert why(result(0, "missing"), result(1)) == ["handed in since"]
    assert why(result(1), result(2)) == ["graded again"]
    assert ledger.changes({}, [result(1)]) == []  # a first run changes nothing


def test_all_that_judges_is_part_of_the_graders_version():
    code = "import sys, autograder.judging.worker; print(*sorted(name for name in sys.modules if name.startswith('autograder.')))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True, check=True).stdout.split()
    parts = {name.split(".")[1] for name in loaded}
    assert "judging" in parts
    assert parts <= {place.removesuffix(".py") for place in ledger.VERDICTS}, "a change there would not grade a class again"


def test_a_new_gradebook_has_the_version_that_nbgrader_gives_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))  # nbgrader asks the command alembic
    Book(f"sqlite:///{tmp_path}/ours.db", lateness.policy(""), logging.getLogger()).close()
    Gradebook(f"sqlite:///{tmp_path}/stock.db").close()
    tables, versions = [], []
    for name in ("ours", "stock"):
        with contextlib.closing(sqlite3.connect(tmp_path / f"{name}.db")) as book:
            tables.append(sorted(book.execute("SELECT name, sql FROM sqlite_master").fetchall()))
            versions.append(book.execute("SELECT version_num FROM alembic_version").fetchall())
    assert tables[0] == tables[1] and len(tables[0]) > 10
    assert versions[0] == versions[1] and len(versions[0]) == 1
