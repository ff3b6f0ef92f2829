"""What the student is told about missing, damaged and renamed files, before the grader would."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from helpers import handin_files, handin_notebooks, submission
from tests.kernel import ROOT
from tests.submission import edit


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cells: cells.append(dict(cells[1])), "[DAMAGED] 01_patches.ipynb: the cell img_to_patch_solution is there 2 times"),
        (lambda cells: cells.insert(2, {**cells[1], "metadata": {}, "source": "    return x"}), "[NOTE] 01_patches.ipynb: cell 3 begins in the middle of a function or class"),
        (lambda cells: cells.append({**cells[1], "metadata": {}, "source": "def img_to_patch(x):\n    return 2 * x"}), "[NOTE] 01_patches.ipynb: 2 cells define img_to_patch; the last complete one is graded"),
        (lambda cells: cells.pop(2), "[DAMAGED] 01_patches.ipynb: the test cell img_to_patch was deleted"),
        (lambda cells: cells.pop(1), "[DAMAGED] 01_patches.ipynb: the solution cell img_to_patch_solution was deleted"),
        (lambda cells: cells[1].update(cell_type="markdown"), "[DAMAGED] 01_patches.ipynb: the solution cell img_to_patch_solution is no code cell"),
        (lambda cells: cells[1].update(source="def image_to_patch(x):\n    return x"), "[DAMAGED] 01_patches.ipynb: no cell defines img_to_patch (it defines image_to_patch)"),
        (lambda cells: cells[1].update(source="def img_to_patch(x:\n"), "[DAMAGED] 01_patches.ipynb: the cell img_to_patch_solution is no valid Python (line 1)"),
        (lambda cells: cells[1].update(source=["def img_to_patch(x):\n", '    """Doc."""\n', "    # YOUR CODE HERE\n", "    raise NotImplementedError()"]), "[MISSING] 01_patches.ipynb: img_to_patch is not implemented yet"),
        (lambda cells: [cell["metadata"].clear() for cell in cells], "[DAMAGED] 01_patches.ipynb: its cells have lost their marks"),
        (lambda cells: cells[1]["metadata"].update(nbgrader=None), "[DAMAGED] 01_patches.ipynb: the solution cell img_to_patch_solution was deleted"),
    ],
)
def test_damaged_cells_are_named(complete, capsys, change, said):
    edit(complete, "01_patches", change)
    assert submission.check(complete) is said.startswith("[NOTE]")
    out = capsys.readouterr().out
    assert said in out and out.count("[DAMAGED]") + out.count("[MISSING]") + out.count("[NOTE]") == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("01_patches.ipynb", b"", "01_patches.ipynb cannot be read: the file is empty"),
        ("01_patches.ipynb", b"<!DOCTYPE html><html>", "01_patches.ipynb cannot be read: it is a web page"),
        ("01_patches.ipynb", b'{"cells": [{"cell_type": "co', "01_patches.ipynb cannot be read: it is cut off"),
        ("01_patches.ipynb", b"[]", "01_patches.ipynb cannot be read: it has no cells"),
        ("01_patches.ipynb", b"%PDF-1.7", "01_patches.ipynb cannot be read: it is a PDF"),
        ("01_patches.ipynb", b'{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n]}', "01_patches.ipynb cannot be read: it has merge markers"),
        ("01_patches.ipynb", b'{"worksheets": [], "nbformat": 3}', "01_patches.ipynb cannot be read: it has the format of the year 2014"),
        ("carry/lit_vit.py", b"class LitViT(:", "carry/lit_vit.py is no valid Python"),
        ("checkpoints/middle.ckpt", b"cut off", "checkpoints/middle.ckpt cannot be read"),
        ("metrics.csv", b"\xff\xfe\x00", "metrics.csv has no epochs"),
    ],
)
def test_damaged_files_are_named_and_handed_in_all_the_same(complete, capsys, name, content, said):
    (complete / name).write_bytes(content)
    assert submission.check(complete) is False
    out = capsys.readouterr().out
    assert f"[DAMAGED] {said}" in out and out.count("[DAMAGED]") == 1
    files, _ = handin_files.collect(complete)
    assert files[name] == content


def test_a_notebook_under_a_name_that_says_nothing_is_handed_in(complete, capsys):
    (complete / "01_patches.ipynb").rename(complete / "homework.ipynb")
    (complete / "notes.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown", "metadata": {}, "source": "mine"}], "metadata": {}, "nbformat": 4}))
    assert submission.check(complete) is True
    assert "01_patches.ipynb (" in capsys.readouterr().out


def test_a_large_notebook_is_said(complete, capsys, monkeypatch):
    monkeypatch.setattr(handin_notebooks, "LARGE_NOTEBOOK", 1000)
    assert submission.check(complete) is True  # it can be handed in all the same
    assert "[NOTE] 01_patches.ipynb has 0 MB, and some places do not take so much" in capsys.readouterr().out


def test_the_student_is_told_before_what_the_grader_would_tell_afterwards(tmp_path):
    """Every damaged notebook of the corpus that intake mends or refuses has a remark, and a perfect one has none."""
    from autograder.assignment import Assignment
    from autograder.building.notebooks import source_notebook, student_notebook
    from autograder.building.sources import COURSE
    from autograder.sample_class import CORE, Material
    from autograder.submissions import intake
    from tests.corpus.submissions.damaged import CELLS

    made = {stem: source_notebook(stem) for stem in CORE}
    material = Material({stem: student_notebook(stem) for stem in CORE}, made, COURSE / "tests" / "corpus", tmp_path)
    assignments = [Assignment(stem, made[stem], material.releases[stem]) for stem in CORE]
    no_matter = ("order of the notebook", "comes from release", "those of the course count")  # nothing that a student can or need mend
    checked = 0
    for number, sample in enumerate(CELLS):
        files = dict(sample.files(material))
        if set(files) not in ({"01_patches.ipynb"}, {"02_attention_block.ipynb"}):
            continue
        (stem,) = (name.removesuffix(".ipynb") for name in files)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / f"{stem}.ipynb").write_bytes(files[f"{stem}.ipynb"])
        handed = intake.take_in(folder, assignments).notebooks[stem]
        mended = [text for text in handed.repairs if not any(words in text for words in no_matter)] + [handed.unreadable] * bool(handed.unreadable)
        remarks = handin_notebooks.look_over(stem, handin_notebooks.parse(files[f"{stem}.ipynb"]))
        assert bool(remarks) or not mended, (sample.name, mended)
        checked += bool(mended)
    assert checked >= 20
    for stem in CORE:
        assert handin_notebooks.look_over(stem, json.loads(nbformat.writes(material.notebook(stem)))) == []


def test_two_copies_of_a_notebook_are_said(complete, capsys):
    shutil.copy("01_patches.ipynb", "01_patches-Copy1.ipynb")
    submission.build()
    assert "[NOTE] 01_patches.ipynb: 01_patches.ipynb is handed in, 01_patches-Copy1.ipynb is not" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Copy of 01_patches.ipynb", "01_patches"), ("Copy_of_04_training.ipynb", "04_training"), ("04_training (1).ipynb", "04_training"),
        ("04_training-Copy1.ipynb", "04_training"), ("02_attention_block_anna.ipynb", "02_attention_block"), ("03 vision_transformer.ipynb", "03_vision_transformer"),
        ("05_bug_hunt.ipynb", "05_bug_hunt"), ("notes.ipynb", None), ("101_patches.ipynb", None),
    ],
)  # fmt: skip
def test_renamed_notebooks_are_recognised(name, stem):
    assert handin_notebooks.stem_of_name(name) == stem


def command(folder, *more):
    return subprocess.run([sys.executable, "-m", "helpers.submission", "check", *more], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)


def test_the_command_line_says_what_is_there(complete, capsys):
    submission.build()
    edit(complete, "04_training", lambda cells: cells[0].update(outputs=[], source="# 04_training\n\nText with `code`."))
    done = command(complete)
    assert done.returncode == 0 and "[OK] Nothing is missing and nothing is damaged." in done.stdout and "[NOTE]" not in done.stdout, done.stdout
    (complete / "carry" / "lit_vit.py").write_text("class LitViT:\n    x = 1\n")
    assert submission.check(complete) is True
    assert "[NOTE] carry/lit_vit.py has changed since submission.zip was built" in capsys.readouterr().out
    (complete / "submission.zip").write_bytes(b"PK no zip")
    done = command(complete, "submission.zip")
    assert done.returncode == 1 and done.stdout.startswith("[DAMAGED] submission.zip cannot be opened") and not done.stderr
    assert submission.check(complete / "nowhere") is False


def test_a_zip_made_by_hand_with_everything_in_one_folder_is_read(complete, capsys):
    submission.build()
    files = handin_files.unzipped(complete / "submission.zip")
    (complete / "again.zip").write_bytes(handin_files.zipped({f"my work/{name}": content for name, content in files.items()}))
    assert submission.check(complete / "again.zip") is True
