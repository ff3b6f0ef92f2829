"""Student code runs in a process that always ends, sees nothing of the grader, and takes nobody else's grade with it."""

import csv
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import nbformat
import psutil
import pytest

from autograder import pool
from autograder.assignment import Assignment, is_solution
from autograder.building.notebooks import source_notebook
from autograder.building.sources import COURSE
from autograder.containment.kernel import Kernel
from autograder.judging.digits import TRAIN_PART
from autograder.judging.running import Runner, load_digits, save_digits
from autograder.judging.worker import Task, seed_of
from autograder.records.course import Course, key_of
from helpers import data
from tests.sandbox import family


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture
def kernel(tmp_path, library):
    (tmp_path / "work").mkdir()
    with Kernel(tmp_path / "work", tmp_path / "home", library) as running:
        yield running


def test_outcomes(kernel):
    assert kernel.run("x = 1", 20).state == "ok"
    outcome = kernel.run("1 / 0", 20)
    assert (outcome.state, str(outcome)) == ("error", "ZeroDivisionError: division by zero")
    assert kernel.run("input('name?')", 20).name == "StdinNotImplementedError"
    assert kernel.run("exit()", 20).name == "SystemExit"
    assert kernel.run("raise ValueError('x' * 10**7)", 20).text == "x" * 2000
    assert kernel.run("print('x' * 10**8)\nassert x == 1", 60).state == "ok"


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("while True: pass", "timeout"),
        ("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass", "timeout"),
        ("import os; os._exit(0)", "dead"),
        ("import ctypes; ctypes.string_at(0)", "dead"),
    ],
)
def test_nothing_keeps_a_kernel_alive(kernel, code, state):
    namespace = os.readlink(f"/proc/{kernel.pid}/ns/pid")
    assert namespace != os.readlink("/proc/self/ns/pid")
    assert kernel.run("import subprocess\nfor _ in range(2): subprocess.Popen(['sleep', '1000'], start_new_session=True)", 20).state == "ok"
    assert len(family(namespace)) == 4  # its first process, the kernel, two children
    start = time.monotonic()
    assert kernel.run(code, 3).state == state
    assert time.monotonic() - start < 15 and not kernel.alive
    assert kernel.run("1", 3).state == "dead"
    assert not family(namespace)


def test_a_kernel_sees_a_clean_environment_and_imports_helpers_alone(kernel, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_INSTRUCTOR", "canary")
    check = """
import os, sys
assert "SECRET_OF_INSTRUCTOR" not in os.environ and "PYTEST_CURRENT_TEST" not in os.environ
assert os.environ["VIT_PROFILE"] == "smoke" and os.environ["MPLBACKEND"] == "agg"
import helpers.checks
assert not [path for path in sys.path if os.path.isdir(os.path.join(path, "solutions")) and path != ""]
"""
    outcome = kernel.run(check, 30)
    assert outcome.state == "ok", outcome
    assert kernel.run("assert os.getcwd() == '/home/student/work'", 5).state == "ok"


def test_code_that_ends_its_parent_ends_itself_alone(tmp_path, library):
    for name in "abc":
        (tmp_path / name).mkdir()
        with Kernel(tmp_path / name, tmp_path / "home", library) as running:
            assert running.run("x = 1", 20).state == "ok"
            assert running.run("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(1)\nos.kill(os.getpid(), 9)", 20).state == "dead"


def test_kernels_draw_different_random_numbers(tmp_path, library):
    drawn = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        with Kernel(tmp_path / name, tmp_path / "home", library) as running:
            outcome = running.run("import random, torch, numpy\nraise KeyError(random.random(), torch.rand(1).item(), numpy.random.rand())", 30)
            drawn |= set(outcome.text.strip("()").split(", "))
    assert len(drawn) == 6


def test_observations_come_back_as_plain_data_only(tmp_path):
    runner = Runner(tmp_path / "runner", tmp_path, ("img_to_patch",), 20)
    try:
        runner.ready()
        assert runner.fetch("open({path!r}, 'wb').write(b'not what pack writes')", 20).seen is None
        assert runner.fetch("import os; os.symlink('/etc/passwd', {path!r})", 20).seen is None
        assert runner.fetch("os.mkfifo({path!r})", 20).seen is None
        assert runner.fetch("1", 20).seen is None
        good = "from helpers import checks; open({path!r}, 'wb').write(checks.pack(dict(a=1)))"
        assert runner.fetch(good, 20).seen == {"a": 1}
    finally:
        runner.close()


def test_evidence_shows_a_kernel_no_labels(tmp_path):
    digits = data.digits()
    images, labels = save_digits(digits, tmp_path)
    assert os.path.dirname(images) != os.path.dirname(labels)
    import numpy

    with numpy.load(images) as stored:
        assert set(stored) == {"source", "mean", "std", "train", "val", "test"}
    again = load_digits(images, labels)
    assert (again.source, again.mean, again.std) == (digits.source, digits.mean, digits.std)
    assert (again.test.images == digits.test.images).all() and (again.val.labels == digits.val.labels).all() and len(again.train) == TRAIN_PART


def test_seeds_are_secret_and_repeatable():
    one = seed_of("00" * 16, "ada", "img_to_patch")
    assert one == seed_of("00" * 16, "ada", "img_to_patch") and 0 <= one < 2**31
    assert len({one, seed_of("01" * 16, "ada", "img_to_patch"), seed_of("00" * 16, "ben", "img_to_patch"), seed_of("00" * 16, "ada", "lit_vit")}) == 4


@pytest.mark.parametrize("student", ["ada", "Ana María", "o'neil@example.org", "s-1.2_3"])
def test_plain_ids_stay_as_they_are(student):
    assert key_of(student) == student


def test_other_ids_become_safe_and_stay_apart():
    wild = ["a*b", "a?b", "../x", ".hidden", "<b>", "x" * 300, "[a]", "", "a{b}", "a\nb", " a", "$(rm)"]
    keys = [key_of(student) for student in wild]
    assert len(set(keys)) == len(wild)
    assert all(len(key) < 100 and not set(key) & set("*?[]{}<>$/\\\n") and key == key.strip(" .") for key in keys)


# ----------------------------------------------------------------------------------------------------------------- pool


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    out = tmp_path_factory.mktemp("course") / "out"
    return Course(out), Course(out).prepare({"01_patches": source_notebook("01_patches")})


def task(course, tmp_path, answer="", out=None):
    notebook = nbformat.from_dict(course[1][0].release)
    next(cell for cell in notebook.cells if is_solution(cell)).source += answer
    (tmp_path / "ada").mkdir()
    nbformat.write(notebook, tmp_path / "ada" / "01_patches.ipynb")
    return Task("ada", "ada", str(tmp_path / "ada"), str(out or course[0].out), ("01_patches",), "00" * 16, "1", 20, {}, "", str(tmp_path))


@pytest.mark.full
def test_a_killed_worker_costs_no_grade(course, tmp_path, monkeypatch):
    slow = "\nimport time\nimg_to_patch.waited = time.sleep(4)\n"
    results, system = [], tmp_path / "system"
    system.mkdir()
    monkeypatch.setenv("TMPDIR", str(system))  # for the worker, if it did not use the run's scratch folder
    grading = threading.Thread(target=lambda: results.extend(pool.grade_all([task(course, tmp_path, slow)], course[1], 1)))
    grading.start()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("tmp*/cells")) and time.monotonic() < deadline:  # the student is being graded now
        time.sleep(0.05)
    victims = [process.pid for process in multiprocessing.active_children()]
    assert victims
    os.kill(victims[0], signal.SIGKILL)
    grading.join(120)
    [(_, result)] = results
    verdict = result["notebooks"]["01_patches"]["verdicts"][0]
    assert (verdict["status"], verdict["codes"]) == ("not_attempted", ("not_implemented",)), repr(verdict)
    assert not list(system.glob("vit-*")), "what a killed worker leaves lies in the run's scratch folder"


@pytest.mark.full
def test_a_killed_run_leaves_no_process_and_the_same_command_goes_on(course, tmp_path):
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    right = next(cell.source for cell in source_notebook("01_patches").cells if is_solution(cell))
    for student, wait in (("ada", 0), ("ben", 12)):
        (submissions / student).mkdir()
        notebook = nbformat.from_dict(course[1][0].release)
        slow = f"import time\nF = time.sleep({wait})\n"
        next(cell for cell in notebook.cells if is_solution(cell)).source = f"{slow}{right}\nimg_to_patch.F = F if 0 else 0\n"
        nbformat.write(notebook, submissions / student / "01_patches.ipynb")
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(tmp_path / "out"), "--course", str(COURSE), "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(COURSE)}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kept = tmp_path / "out" / "cache" / "ada" / "01_patches.json"
    deadline = time.monotonic() + 120
    while not kept.is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    family = psutil.Process(run.pid).children(recursive=True)
    assert len(family) >= 3  # a worker, the process that kernels are forked from, a kernel
    run.kill()
    run.wait()
    gone, alive = psutil.wait_procs(family, timeout=15)
    assert not alive, alive
    when = kept.stat().st_mtime_ns
    assert subprocess.run(command, env=environment, capture_output=True, timeout=200).returncode == 0
    assert kept.stat().st_mtime_ns == when
    with open(tmp_path / "out" / "grades.csv", newline="") as file:
        points = {row["student"]: row["points"] for row in csv.DictReader(file) if row["exercise"] == "img_to_patch"}
    assert points == {"ada": "2", "ben": "2"}


def test_a_mistake_of_the_grader_is_told_and_leaves_the_student_for_review(course, tmp_path):
    [(_, result)] = pool.grade_all([task(course, tmp_path, out=tmp_path / "nowhere")], course[1], 1)
    verdict = result["notebooks"]["01_patches"]["verdicts"][0]
    assert (verdict["status"], verdict["points"], verdict["findings"]) == ("needs_review", 0.0, ("grader_error",))
    assert "FileNotFoundError" in result["troubles"][0]


def test_an_assignment_is_read_back_as_it_was_written(course):
    again = Course(course[0].out).prepare({"01_patches": source_notebook("01_patches")})
    assert isinstance(again[0], Assignment) and again[0].exercises == course[1][0].exercises
