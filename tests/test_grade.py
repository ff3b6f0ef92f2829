"""A class graded through the command line: verdicts, gradebook, feedback and report, and what a second run does."""

import copy
import csv
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from autograder.assignment import grade_id, is_solution
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.judging.verdicts import STATUSES
from autograder.records.course import key_of
from autograder.records.tables import COLUMNS
from tests.trained import MODEL, train

STEMS = ("01_patches", "02_attention_block", "03_vision_transformer", "04_training")
CANARY = "canary-4711-of-the-instructor"


@pytest.fixture(scope="module")
def releases():
    return {stem: student_notebook(stem) for stem in STEMS}


@pytest.fixture(scope="module")
def right():
    """The right answers by exercise, as a student would have written them."""
    cells = [cell for stem in STEMS for cell in source_notebook(stem).cells if is_solution(cell)]
    return {grade_id(cell).removesuffix("_solution"): re.sub(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.M) for cell in cells}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """carry/, checkpoints/ and metrics.csv of a model that was really trained on the offline digits."""
    return train(tmp_path_factory.mktemp("trained"))


def corpus(exercise, code):
    files = sorted((COURSE / "tests" / "corpus" / exercise / "wrong").glob("*.py"))
    return next(text.split("\n", 1)[1] for text in map(Path.read_text, files) if text.splitlines()[0] == f"# expect: fail codes={code}")


@pytest.fixture(scope="module")
def submissions(tmp_path_factory, releases, right, trained):
    folder = tmp_path_factory.mktemp("class") / "submissions"

    def put(student, stem, name=None, **answers):
        notebook = copy.deepcopy(releases[stem])
        for cell in notebook.cells:
            if is_solution(cell):
                own = grade_id(cell).removesuffix("_solution")
                cell.source = answers.get(own, cell.source)
        path = folder / student / (name or f"{stem}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook))
        return path

    for stem in STEMS:
        put("perfect", stem, **right)
        put("untouched", stem)
    shutil.copytree(trained, folder / "perfect", dirs_exist_ok=True)
    # In one notebook of each: a mistake by name, Colab's renaming, noise, and code that ends or never ends.
    put("wrong", "01_patches", "Copy of 01_patches (1).ipynb", img_to_patch=corpus("img_to_patch", "column_major_order"))
    put("wrong", "03_vision_transformer", vision_transformer=corpus("vision_transformer", "mean_pool"))
    noisy = "import sys, warnings\nprint('x' * 10**7)\nwarnings.warn('old')\nprint('bad', file=sys.stderr)\n" + right["img_to_patch"]
    put("noisy <b>", "01_patches", img_to_patch=noisy.replace("    B, C, H, W", "    print('inside', file=sys.stderr)\n    B, C, H, W"))
    put("hostile", "01_patches", img_to_patch="import os, signal\n" + right["img_to_patch"].replace("    B, C, H, W", "    os.kill(os.getpid(), signal.SIGKILL)\n    B, C, H, W"))
    put("hostile", "02_attention_block", attention_block=right["attention_block"] + "\nwhile AttentionBlock:\n    n = 1\nAttentionBlock.n = n\n")
    put("hostile", "03_vision_transformer", vision_transformer="class VisionTransformer(nn.Module:\n    pass")
    spy = f"import os\nseen = repr(dict(os.environ)) + repr(os.listdir('.'))\n{right['img_to_patch']}"
    put("spy", "01_patches", img_to_patch=spy.replace("    B, C, H, W = x.shape", "    raise RuntimeError(seen)"))
    (folder / "spy" / "torch.py").write_text("raise SystemExit('shadowed')")
    (folder / "spy" / "ipykernel_launcher.py").write_text("raise SystemExit('shadowed')")
    (folder / "cut").mkdir()
    (folder / "cut" / "02_attention_block.ipynb").write_text(nbformat.writes(releases["02_attention_block"])[:4000])
    (folder / "nobody").mkdir()
    put("loose", "03_vision_transformer", vision_transformer=MODEL)  # no carry/: the code comes from the notebook
    put("loose", "04_training")
    for path in (*(trained / "checkpoints").iterdir(), trained / "metrics.csv"):
        shutil.copy(path, folder / "loose" / path.name)
    standin = "from helpers.standins import AttentionBlock as Mine\n\nclass AttentionBlock(Mine):\n    pass\n"
    put("borrowed", "02_attention_block", attention_block=standin)
    return folder


def command(submissions, out, **more):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "VIT_DATA": "MNIST-5k", "SECRET_OF_INSTRUCTOR": CANARY, "PYTHONPATH": str(COURSE)}
    arguments = [sys.executable, "-m", "autograder", "grade", str(submissions), "--out", str(out), "--course", str(COURSE), "--jobs", "2", "--timeout", "8"]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=500, cwd=out.parent, **more)


@pytest.fixture(scope="module")
def graded(submissions):
    out = submissions.parent / "out"
    done = command(submissions, out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done


def rows(out):
    with open(out / "grades.csv", newline="") as file:
        return list(csv.DictReader(file))


def row(out, student, exercise):
    return next(one for one in rows(out) if (one["student"], one["exercise"]) == (student, exercise))


def test_grades_csv_has_a_row_for_every_graded_cell(graded, submissions):
    out, done = graded
    found = rows(out)
    assert tuple(found[0]) == COLUMNS
    students = sorted(path.name for path in submissions.iterdir())
    assert [(one["student"], one["exercise"]) for one in found] == [
        (student, exercise) for student in students
        for exercise in ("img_to_patch", "attention_block", "vision_transformer", "lit_vit", "test_accuracy", "train_curve", "val_curve")
    ]  # fmt: skip
    assert {one["status"] for one in found} <= set(STATUSES)
    assert "10 students" in done.stdout and "10/10" in done.stderr


def test_a_perfect_student_has_every_point(graded):
    out, _ = graded
    found = [one for one in rows(out) if one["student"] == "perfect"]
    assert [(float(one["points"]), one["status"], one["findings"]) for one in found] == [(float(one["max_points"]), "graded", "") for one in found]
    assert sum(float(one["points"]) for one in found) == 10


@pytest.mark.parametrize(
    ("student", "exercise", "points", "status", "findings"),
    [
        ("untouched", "img_to_patch", 0, "not_attempted", "not_implemented"),
        ("untouched", "lit_vit", 0, "not_attempted", "not_implemented"),
        ("untouched", "val_curve", 0, "not_attempted", "no_checkpoint"),
        ("wrong", "img_to_patch", None, "repaired", "column_major_order"),
        ("wrong", "attention_block", 0, "missing", ""),
        ("wrong", "vision_transformer", 1, "graded", "mean_pool"),
        ("noisy <b>", "img_to_patch", 2, "graded", ""),
        ("hostile", "img_to_patch", 0, "crashed", "raises;flag_process_control"),
        ("hostile", "attention_block", 0, "timeout", "raises"),
        ("hostile", "vision_transformer", 0, "error", "raises"),
        ("spy", "img_to_patch", 0, "error", "raises"),
        ("cut", "attention_block", 0, "not_gradable", ""),
        ("cut", "img_to_patch", 0, "missing", ""),
        ("nobody", "img_to_patch", 0, "missing", ""),
        ("borrowed", "attention_block", 0, "not_attempted", "not_implemented;standin"),
        ("loose", "test_accuracy", 1, "graded", "carry_from_notebook"),
        ("loose", "val_curve", 1, "graded", "carry_from_notebook"),
    ],
)
def test_verdicts(graded, student, exercise, points, status, findings):
    one = row(graded[0], student, exercise)
    assert (one["status"], one["findings"]) == (status, findings)
    assert float(one["points"]) == points if points is not None else 0 < float(one["points"]) < 2


def test_the_gradebook_holds_exactly_the_verdicts(graded):
    out, _ = graded
    handed_in = [one for one in rows(out) if one["status"] != "missing"]
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        for one in handed_in:
            grade = book.find_grade(one["exercise"], one["notebook"], one["notebook"], key_of(one["student"]))
            assert grade.auto_score == float(one["points"]) and grade.max_score == float(one["max_points"])
        with pytest.raises(MissingEntry):
            book.find_submission("01_patches", "nobody")
        assert book.find_student(key_of("noisy <b>")).lms_user_id == "noisy <b>"


def test_stock_nbgrader_works_on_the_course_directory(graded, tmp_path):
    out, _ = graded
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(COURSE)}

    def nbgrader(*arguments):
        done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=out, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    nbgrader("export", f"--to={tmp_path / 'all.csv'}")
    with open(tmp_path / "all.csv", newline="") as file:
        exported = {(one["assignment"], one["student_id"]): float(one["score"]) for one in csv.DictReader(file)}
    for stem in STEMS:
        for student in {one["student"] for one in rows(out)}:
            expected = sum(float(one["points"]) for one in rows(out) if (one["student"], one["notebook"]) == (student, stem))
            assert exported[stem, key_of(student)] == pytest.approx(expected)
    before = row(out, "hostile", "img_to_patch")
    nbgrader("autograde", "01_patches", "--student=hostile", "--force")  # as formgrader's button does: nothing is executed
    nbgrader("generate_feedback", "01_patches", "--student=hostile", "--force")
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        assert book.find_grade("img_to_patch", "01_patches", "01_patches", "hostile").auto_score == float(before["points"])
    assert "HIDDEN" not in (out / "feedback" / "hostile" / "01_patches" / "01_patches.html").read_text()


def test_feedback_says_what_and_why_and_nothing_hidden(graded):
    out, _ = graded
    for one in rows(out):
        text = (out / "feedback" / key_of(one["student"]) / f"{one['notebook']}.html").read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in text and "seed=None" not in text and "Traceback" not in text
        assert not re.search(r"<(script|link|iframe)|src=\"(?!data:)|href=\"http", text)
    wrong = (out / "feedback" / "wrong" / "01_patches.html").read_text(encoding="utf-8")
    assert "column_major_order" in wrong and "Copy of 01_patches (1).ipynb was graded as 01_patches.ipynb." in wrong and "data:image/png;base64," in wrong
    for path in (out / "feedback").rglob("*.html"):  # nbgrader's own pages lie one folder deeper
        assert "HIDDEN TESTS" not in path.read_text(encoding="utf-8"), path


def test_the_report_is_escaped_and_names_who_has_which_misconception(graded):
    out, _ = graded
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "noisy &lt;b&gt;" in text and "noisy <b>" not in text
    assert re.search(r"Vision Transformer</b>: the average of all tokens[^<]*<code>mean_pool</code></td><td[^>]*>\s*<a href=\"feedback/wrong/[^>]*><bdi>wrong</bdi>", text)
    assert "http:" not in text and "https:" not in text and text.count("<script") == 1  # our own, named by its hash in the page's policy


def test_student_code_sees_nothing_of_the_grader(graded):
    out, _ = graded
    message = json.loads((out / "verdicts" / "spy" / "01_patches.json").read_text())[0]["messages"][0]
    assert "RuntimeError" in message  # the student's own text is shown, cut short
    for path in out.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_outputs_stay_small(graded):
    out, _ = graded
    assert max(path.stat().st_size for path in out.rglob("*") if path.is_file()) < 2**20


def test_the_secret_is_kept_and_private(graded):
    out, _ = graded
    run = json.loads((out / "run.json").read_text())
    assert len(bytes.fromhex(run["secret"])) == 16 and run["students"][key_of("noisy <b>")] == "noisy <b>"
    assert stat.S_IMODE((out / "run.json").stat().st_mode) == 0o600


def test_a_second_run_grades_again_only_what_changed(graded, submissions, right):
    out, _ = graded
    before = rows(out)
    kept = {path: path.stat().st_mtime_ns for path in (out / "cache").rglob("*.json")}
    path = submissions / "wrong" / "Copy of 01_patches (1).ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if is_solution(cell)).source = right["img_to_patch"]
    path.write_text(nbformat.writes(notebook))
    gone = submissions / "wrong" / "03_vision_transformer.ipynb"
    gone.rename(submissions.parent / "gone.ipynb")
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        book.find_grade("attention_block", "02_attention_block", "02_attention_block", "perfect").manual_score = 2.5
        book.db.commit()
    assert command(submissions, out).returncode == 0
    after = {(one["student"], one["exercise"]): one for one in rows(out)}
    assert after["wrong", "img_to_patch"]["points"] == "2"
    assert after["wrong", "vision_transformer"]["status"] == "missing"
    changed = {("wrong", "img_to_patch"), ("wrong", "vision_transformer")}
    assert all(after[one["student"], one["exercise"]] == one for one in before if (one["student"], one["exercise"]) not in changed)
    touched = {path.relative_to(out / "cache").as_posix() for path, when in kept.items() if path.stat().st_mtime_ns != when}
    assert touched == {"wrong/01_patches.json"}
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        with pytest.raises(MissingEntry):  # no stale score
            book.find_submission("03_vision_transformer", "wrong")
        grade = book.find_grade("attention_block", "02_attention_block", "02_attention_block", "perfect")
        assert (grade.manual_score, grade.auto_score, grade.score) == (2.5, 3, 2.5)


def test_nothing_to_grade_is_said_in_one_sentence(tmp_path):
    done = command(tmp_path / "nowhere", tmp_path / "out")
    assert done.returncode == 2 and done.stderr.startswith("There is no folder") and len(done.stderr.splitlines()) == 1
