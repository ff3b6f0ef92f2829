"""A class graded by stock nbgrader and by this grader: python -m tests.benchmarks.grading --work DIR.

The class (see `classroom`) is the same for both, and so are the scores: that is asserted for every graded cell. Stock
nbgrader executes whole notebooks, at the smoke budget, which is generous to it: at the default budget notebook 04 trains
for minutes. It goes on where it was stopped, and a second call takes what is measured already.

  --students 30 --record        stock and ours, how many times faster
  --flat 300 --record           ours with 30 and with 300 students: seconds a submission
  --cluster 2 --record          ours on a local Dask cluster of two workers, against ours without: the same grades
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from tqdm import tqdm

from autograder import files
from autograder.building.notebooks import source_notebook
from autograder.building.sources import COURSE
from autograder.sample_class import CORE
from tests.benchmarks import classroom, record

STEPS = ("autograde", "generate_feedback")
CELL_SECONDS = 900  # stock's 30 s would end the training cell on a busy machine
ENVIRONMENT = {"VIT_PROFILE": "smoke", "VIT_DATA": "MNIST-5k", "CUDA_VISIBLE_DEVICES": ""}
CONFIG = f"""c = get_config()
c.ExecutePreprocessor.timeout = {CELL_SECONDS}
c.Execute.timeout = {CELL_SECONDS}
"""


def environment() -> dict[str, str]:
    """For both: this shell's, with the smoke budget, the offline digits, and the commands beside this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if name not in ("PATH_DATASETS", "OMP_NUM_THREADS")}
    return {**kept, **ENVIRONMENT, "PATH": path, "PYTHONPATH": str(COURSE)}


# ---------------------------------------------------------------------------------------------------------------- stock


def stock(submissions: Path, folder: Path) -> dict:
    """Grade the class with stock nbgrader in `folder`, and return seconds by command and the score of every graded cell."""
    students = sorted(path.name for path in submissions.iterdir() if not path.name.startswith("."))
    _lay_out(submissions, folder, students)
    measured = folder / "seconds.json"
    seconds = json.loads(measured.read_text()) if measured.is_file() else {}
    for step in STEPS:
        for stem in CORE:
            name = f"{step} {stem}"
            if not seconds.get(name, {}).get("done"):
                before = seconds.get(name, {}).get("seconds", 0.0)
                for spent, done in _nbgrader(folder, step, stem, len(students)):
                    seconds[name] = {"seconds": round(before + spent, 2), "done": done}
                    files.write(measured, json.dumps(seconds, indent=1))
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        scores = {
            (student, grade.name): grade.auto_score
            for student in students for stem in CORE for grade in book.find_submission_notebook(stem, stem, student).grades
        }  # fmt: skip
    return {"seconds": {name: value["seconds"] for name, value in seconds.items()}, "scores": scores}


def _lay_out(submissions: Path, folder: Path, students: list[str]) -> None:
    """The same files where nbgrader looks for them: every assignment with the carried code, the fourth with the run."""
    if (folder / "ready").is_file():
        return
    files.write(folder / "nbgrader_config.py", CONFIG)
    for stem in CORE:
        files.write(folder / "source" / stem / f"{stem}.ipynb", nbformat.writes(source_notebook(stem)))
        subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment", stem, "--force"], cwd=folder, env=environment(), check=True, capture_output=True)
        for student in students:
            place = folder / "submitted" / student / stem
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            shutil.copy(submissions / student / f"{stem}.ipynb", place)
            for extra in ("carry", *(("checkpoints", "metrics.csv") if stem == CORE[-1] else ())):
                path = submissions / student / extra
                if path.is_dir():
                    shutil.copytree(path, place / extra)
                elif path.is_file():
                    shutil.copy(path, place)
    files.write(folder / "ready", "")


def _nbgrader(folder: Path, step: str, stem: str, students: int):
    """Run one command over the class; yields (seconds so far, whether it is done). It skips what an earlier call has done."""
    written = folder / ("autograded" if step == "autograde" else "feedback")
    begun = sorted(written.glob(f"*/{stem}"), key=lambda path: path.stat().st_mtime)
    if begun:  # an earlier call was stopped: nbgrader would take its last student for done
        subprocess.run(["chmod", "-R", "u+w", str(begun[-1])], check=True)
        shutil.rmtree(begun[-1])
    start = time.monotonic()
    with open(folder / "nbgrader.log", "ab") as log, tqdm(total=students, desc=f"stock {step} {stem}", unit="student", file=sys.stderr) as bar:
        process = subprocess.Popen([sys.executable, "-m", "nbgrader", step, stem], cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            while process.poll() is None:
                time.sleep(0.5)
                bar.update(len(list(written.glob(f"*/{stem}"))) - bar.n)
                yield time.monotonic() - start, False
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode:
            raise RuntimeError(f"nbgrader {step} {stem} ended with {process.returncode}: see {folder / 'nbgrader.log'}.")
        bar.update(students - bar.n)
    yield time.monotonic() - start, True


# ----------------------------------------------------------------------------------------------------------------- ours


def ours(submissions: Path, out: Path, *more: str) -> dict:
    """Grade the class into an empty folder with `python -m autograder grade`; seconds, scores and grades.csv."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--course", str(COURSE), *more]
    start = time.monotonic()
    subprocess.run(command, env=environment(), check=True)
    seconds = time.monotonic() - start
    text = (out / "grades.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {
        "seconds": round(seconds, 2),
        "scores": {(row["student"], row["exercise"]): float(row["points"]) for row in rows},
        "grades": text,
        "memory": json.loads((out / "run.json").read_text(encoding="utf-8")).get("memory", ""),
    }


def differences(stock_scores: dict, our_scores: dict) -> list[str]:
    """Graded cells whose scores are not the same, in words."""
    found = []
    for cell in sorted(stock_scores.keys() | our_scores.keys()):
        one, other = stock_scores.get(cell), our_scores.get(cell)
        if one is None or other is None or abs(one - other) > 1e-3:  # points are kept with four digits
            found.append(f"{cell[0]}, {cell[1]}: stock {one}, ours {other}")
    return found


# ------------------------------------------------------------------------------------------------------------- measures


def compare(work: Path, students: int) -> dict:
    """Stock against ours. Raises AssertionError where a score differs."""
    submissions = classroom.make(work / f"class-{students}", students)
    mine = ours(submissions, work / f"ours-{students}")
    theirs = stock(submissions, work / f"stock-{students}")
    wrong = differences(theirs["scores"], mine["scores"])
    assert not wrong, "\n".join(wrong)
    total = sum(theirs["seconds"].values())
    return {
        "students": students,
        "notebooks": students * len(CORE),
        "stock_seconds": round(total, 1),
        "our_seconds": mine["seconds"],
        "times_faster": round(total / mine["seconds"], 1),
        "stock_seconds_by_command": theirs["seconds"],
        "same_scores": len(mine["scores"]),
        "memory": mine["memory"],
        "stock_budget": "smoke",
    }


def flat(work: Path, students: int, base: int = 30) -> dict:
    """Seconds a submission with few and with many students; every one is judged, none is known from before."""
    taken, memory = {}, ""
    for count in (base, students):
        result = ours(classroom.make(work / f"class-{count}", count), work / f"ours-{count}")
        taken[count], memory = result["seconds"], result["memory"]
    a_submission = {count: seconds / count for count, seconds in taken.items()}
    # The start (imports, releases, digits) is paid once; what a further submission costs is the slope.
    slope = (taken[students] - taken[base]) / (students - base)
    return {
        "students": [base, students],
        "seconds": [taken[base], taken[students]],
        "seconds_a_submission": [round(a_submission[count], 3) for count in (base, students)],
        "change_percent": round(100 * (a_submission[students] / a_submission[base] - 1), 1),
        "seconds_a_further_submission": round(slope, 3),
        "memory": memory,
    }


def cluster(work: Path, students: int, workers: int) -> dict:
    """The class on local Dask workers, each a process of its own, against the class without Dask: the same grades.csv."""
    from distributed import LocalCluster

    os.environ.update(environment())
    submissions = classroom.make(work / f"class-{students}", students)
    alone = ours(submissions, work / f"ours-{students}", "--jobs", str(workers))
    with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        spread = ours(submissions, work / f"cluster-{students}", "--scheduler", local.scheduler_address)
    wrong = differences(alone["scores"], spread["scores"])
    assert not wrong, "\n".join(wrong)
    return {"students": students, "workers": workers, "seconds": spread["seconds"], "seconds_without_dask": alone["seconds"], "same_scores": len(alone["scores"])}


def main(arguments: list[str] | None = None) -> None:
    """Command line: measure and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for classes and results; goes on from what is there")
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--flat", type=int, metavar="STUDENTS", help="measure how the cost of a submission changes up to so many")
    parser.add_argument("--cluster", type=int, metavar="WORKERS", help="grade on so many local Dask workers")
    parser.add_argument("--record", action="store_true", help="append the result to results.json")
    options = parser.parse_args(arguments)

    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if options.flat:
        result = flat(work, options.flat, options.students)
    elif options.cluster:
        result = cluster(work, options.students, options.cluster)
    else:
        result = compare(work, options.students)
    if options.record:
        words = [word if word != str(options.work) else "DIR" for word in (sys.argv[1:] if arguments is None else arguments)]
        record.append("grading", f"python -m tests.benchmarks.grading {' '.join(words)}", result)
    print(json.dumps(result | {"versions": record.versions()}))


if __name__ == "__main__":
    main()
