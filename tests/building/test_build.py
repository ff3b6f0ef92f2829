"""The text source makes both notebooks."""

import contextlib
import re
import subprocess
import sys
import types
from importlib.metadata import version

import nbformat
import psutil
import pytest

from autograder.assignment import handed_in_by_all, version_of
from autograder.building import build
from autograder.building.execution import CellFailed, execute
from autograder.building.notebooks import declaration, source_notebook, student_notebook
from autograder.building.sources import COURSE, cells, parse, stems
from tests.building import SOURCE, course_with

# The notebooks of this course


@pytest.mark.parametrize("stem", stems())
def test_both_notebooks_are_what_the_text_source_makes(stem):
    assert build.check(stem) == []


@pytest.mark.parametrize("stem", stems())
def test_no_place_of_the_authors_machine_in_a_notebook(stem):
    for folder in ("solutions", "notebooks"):
        text = (COURSE / folder / f"{stem}.ipynb").read_text(encoding="utf-8")
        assert not re.findall(r"/(?:tmp|home|root|Users|work|opt)/[^\"\s]*", text)
        assert str(COURSE) not in text


@pytest.mark.parametrize("stem", stems())
def test_stored_outputs_say_what_made_them(stem):
    executed = nbformat.read(COURSE / "solutions" / f"{stem}.ipynb", as_version=4).metadata.course.executed
    assert (executed.profile, executed.data) == (build.PROFILE, "MNIST-5k")
    assert "torch" in executed.versions


@pytest.mark.parametrize("stem", stems())
def test_plain_parser_reads_what_jupytext_reads(stem):
    import jupytext

    expected = jupytext.read(COURSE / "solutions" / f"{stem}.py", fmt="py:percent").cells
    found = cells(stem)
    assert [cell.kind for cell in found] == [cell.cell_type for cell in expected]
    for cell, wanted in zip(found, expected, strict=True):
        wanted.metadata.pop("lines_to_next_cell", None)
        assert cell.metadata == dict(wanted.metadata)
        # jupytext takes the comment sign off a magic; the plain parser leaves it, so that the cell is plain Python.
        text = re.sub(r"^# (?=[%!])", "", cell.text, flags=re.M) if cell.kind == "code" else cell.text
        assert text == wanted.source


@pytest.mark.parametrize("stem", [stem for stem in stems() if handed_in_by_all(stem)])  # a lesson hands nothing on
def test_completed_notebook_carries_its_code_over(stem):
    # carry.save never raises: that it could not save shows in its output alone.
    notebook = nbformat.read(COURSE / "solutions" / f"{stem}.ipynb", as_version=4)
    saving = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith("carry.save(")]
    assert saving or int(stem[:2]) > 4  # nothing is carried over from the lessons after the hand-in
    for cell in saving:
        assert cell.outputs[0].text.startswith("Saved your "), cell.outputs[0].text


# A small course


def test_completed_notebook_is_executed(built):
    notebook = nbformat.read(built / "solutions/01_adding.ipynb", as_version=4)
    assert notebook.cells[1].outputs[0].text.startswith("[OK] Python")
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [1, 2, 3, 4, 5]
    graded = next(cell for cell in notebook.cells if cell.id == "add")
    assert graded.outputs[0].data["text/plain"] == "2"
    assert notebook.cells[-1].source.startswith("%config")


def test_student_notebook_has_no_answer(built):
    notebook = nbformat.read(built / "notebooks/01_adding.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "fsum" not in text and "== 42" not in text and "HIDDEN" not in text
    assert "def add(a, b=0):" in text and "raise NotImplementedError()" in text
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert notebook.metadata.course == {"assignment": "01_adding", "release": version_of(source_notebook("01_adding", built))}


def test_metadata_and_ids_reach_the_student(built):
    source, student = source_notebook("01_adding", built), student_notebook("01_adding", built)
    assert [cell.id for cell in student.cells] == ["01_adding-00", "01_adding-01", "01_adding-02", "add_solution", "add", "01_adding-05"]
    assert [cell.id for cell in source.cells] == [cell.id for cell in student.cells]
    assert student.cells[1].metadata == {"generated": True, "tags": ["nbval-ignore-output", "skip-grading"]}
    assert student.cells[-1].metadata.tags == ["skip-grading"]
    assert student.cells[4].metadata.nbgrader.points == 2 and not student.cells[4].metadata.editable


def test_building_twice_gives_the_same_files(built, tmp_path):
    again = course_with(tmp_path / "again", SOURCE)
    build.build("01_adding", again)
    for name in ("solutions/01_adding.ipynb", "notebooks/01_adding.ipynb"):
        assert (again / name).read_bytes() == (built / name).read_bytes()


def test_fresh_build_passes_its_check(course):
    assert build.check("01_adding", course) == []


def test_new_words_need_no_new_run(course):
    source = course / "solutions/01_adding.py"
    outputs = [cell.get("outputs") for cell in nbformat.read(course / "solutions/01_adding.ipynb", as_version=4).cells]
    source.write_text(SOURCE.replace("Adds two numbers", "Adds numbers"), encoding="utf-8")
    build.rewrite("01_adding", course)
    assert build.check("01_adding", course) == []
    notebook = nbformat.read(course / "solutions/01_adding.ipynb", as_version=4)
    assert "Adds numbers." in notebook.cells[0].source and [cell.get("outputs") for cell in notebook.cells] == outputs
    before = (course / "solutions/01_adding.ipynb").read_bytes()
    source.write_text(SOURCE.replace("points = 2\n", "points = 1\n"), encoding="utf-8")
    with pytest.raises(ValueError, match="a code cell has changed"):
        build.rewrite("01_adding", course)
    assert (course / "solutions/01_adding.ipynb").read_bytes() == before


@pytest.mark.parametrize("last", ["1 + 1", "1 / 0"])
def test_a_kernel_ends_with_its_notebook(tmp_path, last):
    source = f"import os\nopen('pid', 'w').write(str(os.getpid()))\n{last}"
    with contextlib.suppress(CellFailed):
        execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), tmp_path)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_failing_cell_is_named_and_nothing_is_written(course):
    source, before = course / "solutions/01_adding.py", (course / "solutions/01_adding.ipynb").read_bytes()
    source.write_text(SOURCE.replace('print("done")', "1 / 0"), encoding="utf-8")
    with pytest.raises(CellFailed, match=r"^01_adding: cell 01_adding-05 raises ZeroDivisionError: division by zero\.$"):
        build.build("01_adding", course)
    assert (course / "solutions/01_adding.ipynb").read_bytes() == before
    assert sorted(path.name for path in (course / "solutions").iterdir()) == ["01_adding.ipynb", "01_adding.py"]


def test_solution_outside_a_solution_cell_is_refused_in_one_sentence(tmp_path):
    course = course_with(tmp_path, SOURCE.replace('print("done")', "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"))
    with pytest.raises(RuntimeError, match="01_adding: Solution region detected in a non-solution cell"):
        student_notebook("01_adding", course)


def test_unknown_stem_is_one_sentence(built):
    with pytest.raises(FileNotFoundError, match="please choose one of 01_adding"):
        source_notebook("02_taking_away", built)


# The generated cells


def test_badge_opens_the_student_notebook_of_the_declared_repository(built):
    first = source_notebook("01_adding", built).cells[0].source
    assert first.splitlines()[0].endswith("(https://colab.research.google.com/github/teacher/course/blob/main/notebooks/01_adding.ipynb)")
    assert "# 1 · Adding" in first
    assert "github/a/b/blob/main/" in source_notebook("01_adding", built, repo="a/b").cells[0].source


def pip_lines(source):
    """What `%pip` is asked for when the cell runs in a real IPython shell; nothing is installed."""
    from IPython.core.interactiveshell import InteractiveShell

    lines, shell = [], InteractiveShell()
    shell.register_magic_function(lines.append, magic_name="pip")
    shell.run_cell(source.split("from helpers")[0]).raise_error()
    return lines


def test_install_line_runs_on_colab_alone_and_keeps_its_torch(built, monkeypatch):
    source = source_notebook("01_adding", built).cells[1].source
    assert pip_lines(source) == []
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    (line,) = pip_lines(source)
    assert line.startswith('install -q "git+https://github.com/teacher/course@main" ')
    # Asked for by its exact version, an installed package is kept, or pip refuses as a whole.
    assert f" torch=={version('torch')} torchvision=={version('torchvision')} numpy=={version('numpy')}" in line


def test_repository_is_declared_once():
    declared = declaration()
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", declared["repo"])
    for stem in stems():
        install = source_notebook(stem).cells[1].source
        assert f'"git+https://github.com/{declared["repo"]}@{declared["branch"]}"' in install
        assert declared["repo"] not in (COURSE / "solutions" / f"{stem}.py").read_text(encoding="utf-8")


# Reference objects


def test_reference_objects_need_no_jupyter():
    code = """
import sys
for name in ("jupytext", "nbformat", "nbclient", "nbconvert", "nbgrader", "jupyter_client", "ipykernel"):
    sys.modules[name] = None
from autograder.building.build import solution_namespace
from helpers import NAMES, checks
for exercise, name in NAMES.items():
    found = solution_namespace(exercise)
    assert found.__name__ == name
    report = getattr(checks, exercise)(found)
    assert report.passed, report
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_plain_parser_reads_titles_options_and_line_numbers():
    found = parse('# ---\n# jupyter: {}\n# ---\n\n# %% a title tags=["x"] other={"a": [1, {"b": 2}]}\n\nx = 1\n\n# %% [markdown]\n# # T\n#\n# text\n')
    assert [(cell.kind, cell.metadata, cell.text, cell.line) for cell in found] == [
        ("code", {"tags": ["x"], "other": {"a": [1, {"b": 2}]}}, "x = 1", 7),
        ("markdown", {}, "# T\n\ntext", 10),
    ]


def test_command_line_says_what_is_wrong_and_ends_with_1():
    ended = subprocess.run([sys.executable, "-m", "autograder.building.build", "--only", "nothing"], cwd=COURSE, capture_output=True, text=True)
    assert ended.returncode == 2 and "01_patches" in ended.stderr
