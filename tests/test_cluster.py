"""A class sent to a Dask cluster of local processes: the same grades, also where a worker is lost in mid-run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest

from autograder import cluster, pool
from autograder.assignment import is_solution
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.job import Job
from autograder.judging.worker import Task
from autograder.records.course import Course

STEM = "01_patches"
RIGHT = next(cell.source for cell in source_notebook(STEM).cells if is_solution(cell))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("course") / "out")
    return course, course.prepare({STEM: source_notebook(STEM)})


def tasks(course, folder, students):
    made = []
    for student, answer in students.items():
        notebook = student_notebook(STEM)
        if answer:
            next(cell for cell in notebook.cells if is_solution(cell)).source = answer
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / f"{STEM}.ipynb")
        (folder / "scratch").mkdir(exist_ok=True)
        made.append(Task(student, student, str(folder / student), str(course[0].out), (STEM,), "00" * 16, cluster.ledger.version(), 60, {}, "", str(folder / "scratch")))
    return made


def judged(results):
    """Verdicts by student, as plain data."""
    return {task.student: result["notebooks"][STEM]["verdicts"] for task, result in results}


def test_a_parcel_holds_all_that_a_worker_needs(course, tmp_path):
    """The worker's side alone: no file of this machine is read, and what was written comes back by its place."""
    [task] = tasks(course, tmp_path / "a", {"ada": ""})
    os.symlink("/etc/passwd", tmp_path / "a" / "ada" / "04_training.ipynb")
    parcel, common = cluster._parcel(task, {}), cluster._common(task)
    shutil.rmtree(tmp_path / "a" / "ada")
    result, written = cluster._grade(parcel, common)
    assert [verdict["status"] for verdict in result["notebooks"][STEM]["verdicts"]] == ["not_attempted"]
    assert any("is a link and was not followed" in note for note in result["notes"])
    assert f"cache/ada/{STEM}.json" in written and not any(place.startswith(("/", "..")) for place in written)
    assert json.loads(written[f"cache/ada/{STEM}.json"])["student"] == "ada"


def test_no_scheduler_and_another_checkout_are_said_in_one_sentence(course, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 2)
    [task] = tasks(course, tmp_path, {"ada": ""})
    with pytest.raises(cluster.NoCluster, match="There is no Dask scheduler"):
        next(cluster.grade_all([task], course[1], "tcp://127.0.0.1:9"))
    with pytest.raises(cluster.NoCluster, match="another checkout"):
        cluster._grade(cluster.Parcel(Job(task), b"", b""), cluster.Common("x", "0" * 16, b"", {}))


@pytest.mark.full
def test_two_workers_of_which_one_is_killed_give_the_grades_of_the_pool(course, tmp_path):
    from distributed import LocalCluster

    answers = {f"s{number}": RIGHT if number % 2 else RIGHT.replace("B, C, H, W = x.shape", "B, C, W, H = x.shape") for number in range(6)}
    alone = judged(pool.grade_all(tasks(course, tmp_path / "alone", answers), course[1], 2))
    shutil.rmtree(course[0].out / "cache", ignore_errors=True)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        results = []
        sent = tasks(course, tmp_path / "spread", answers)
        running = threading.Thread(target=lambda: results.extend(cluster.grade_all(sent, course[1], local.scheduler_address)))
        running.start()
        deadline = time.monotonic() + 300
        while not results and time.monotonic() < deadline:
            time.sleep(0.1)
        victim = next(iter(local.workers.values())).pid
        os.kill(victim, signal.SIGKILL)
        running.join(400)
    assert judged(results) == alone and len(results) == len(answers)
    assert all(not result.get("troubles") for _, result in results)
    assert sorted(path.parent.name for path in (course[0].out / "cache").glob(f"*/{STEM}.json")) == sorted(answers)


def test_the_command_line_says_that_there_is_no_cluster(tmp_path):
    (tmp_path / "submissions" / "ada").mkdir(parents=True)
    (tmp_path / "course" / "solutions").mkdir(parents=True)
    shutil.copy(COURSE / "solutions" / f"{STEM}.py", tmp_path / "course" / "solutions")
    shutil.copy(COURSE / "pyproject.toml", tmp_path / "course")
    code = f"from autograder import cluster, grade; cluster.WAIT_SECONDS = 2; raise SystemExit(grade.main(['{tmp_path}/submissions', '--out', '{tmp_path}/out', '--course', '{tmp_path}/course', '--scheduler', 'tcp://127.0.0.1:9']))"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(COURSE)}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("There is no Dask scheduler") and "Traceback" not in done.stderr
