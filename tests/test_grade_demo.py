"""The sample class of the demo is what it says it is, and the demo deletes nothing but its own files."""

import subprocess
import sys
import zipfile

import pytest

from autograder import demo, sample_class
from autograder.assignment import Assignment
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.submissions import intake
from helpers import checks


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    trained = tmp_path_factory.mktemp("trained")
    for name in ("carry/vision_transformer.py", "checkpoints/first.ckpt", "checkpoints/middle.ckpt", "checkpoints/best.ckpt", "checkpoints/last.ckpt", "metrics.csv"):
        (trained / name).parent.mkdir(exist_ok=True)
        (trained / name).write_text(name)
    with zipfile.ZipFile(trained / "submission.zip", "w") as archive:
        archive.writestr("report.pdf", b"%PDF-1.4")
        archive.writestr("01_patches.ipynb", "{}")
    completed = {stem: source_notebook(stem) for stem in sample_class.CORE}
    releases = {stem: student_notebook(stem) for stem in sample_class.CORE}
    folder = tmp_path_factory.mktemp("class")
    lines = sample_class.make(sample_class.Material(releases, completed, COURSE / "tests" / "corpus", trained), folder)
    return folder, lines, [Assignment(stem, completed[stem], releases[stem]) for stem in sample_class.CORE]


def test_at_least_twelve_students_one_folder_each(made):
    folder, lines, _ = made
    assert len(lines) >= 12 and sorted(path.name for path in folder.iterdir()) == sorted(line.split(":")[0] for line in lines)


@pytest.mark.parametrize(
    ("student", "attempted", "repaired"),
    [("ada", 4, 0), ("ben", 4, 0), ("cleo", 2, 0), ("dana", 0, 0), ("eli", 4, 0), ("iris", 4, 4), ("lea", 4, 1), ("mo", 3, 0), ("nia", 4, 4), ("omar", 4, 0), ("pia", 0, 0)],
)
def test_intake_finds_what_each_student_did(made, student, attempted, repaired):
    folder, _, assignments = made
    taken = intake.take_in(folder / student, assignments)
    assert sum(one.found.attempted for one in taken.notebooks.values() if one.found) == attempted
    assert sum(bool(one.repairs) for one in taken.notebooks.values()) == repaired
    assert {"mo": ["02_attention_block"], "pia": list(sample_class.CORE)}.get(student, []) == [stem for stem, one in taken.notebooks.items() if one.unreadable]
    if student not in ("cleo", "dana", "pia"):
        assert {"checkpoints/best.ckpt", "carry/vision_transformer.py", "metrics.csv"} <= set(taken.files)


def test_the_duplicated_cell_is_the_mended_one(made):
    folder, _, assignments = made
    answer = intake.take_in(folder / "lea", assignments).notebooks["01_patches"].found.answers["img_to_patch"]
    space = {"torch": __import__("torch")}
    exec(answer.source, space)
    assert checks.img_to_patch(space["img_to_patch"]).passed


def test_the_demo_leaves_other_peoples_files_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "demo", "--out", str(tmp_path), "--course", str(COURSE)],
        capture_output=True, text=True, timeout=120, cwd=COURSE,
    )  # fmt: skip
    assert done.returncode == 1 and "holds files that no demo wrote" in done.stderr and len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_demo_clears_what_an_earlier_one_wrote(tmp_path):
    (tmp_path / demo.MARK).write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    locked = tmp_path / "graded" / "autograded"
    locked.mkdir(parents=True)
    (locked / "a.ipynb").write_text("{}")
    (locked / "a.ipynb").chmod(0o444)
    demo._make_room(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [demo.MARK, "notes.txt"]


def test_where_no_sandbox_is_possible_the_demo_says_so_in_one_line(tmp_path):
    """In a process that finds no bwrap, as on a system without namespaces."""
    script = f"""
import os
os.environ["PATH"] = {str(tmp_path)!r}
import autograder.containment.warm, autograder.demo
autograder.containment.warm.available = lambda: False  # as on any system but Linux
print(autograder.demo._sandbox())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=COURSE)
    assert done.stdout.splitlines() == ["   No sandbox can be made here, so the sample class, which is our own code, runs without one.", "none"], done.stderr


def test_outside_a_checkout_the_demo_says_what_to_do(tmp_path):
    with pytest.raises(demo.DemoFailed, match="is no checkout of the course"):
        demo.demo(tmp_path / "out", tmp_path)
