"""Every way in which a notebook can come apart from its text source is noticed."""

import re

import nbformat
import pytest

from autograder.building import build, drift
from tests.building import SOURCE


def edit(path, change):
    notebook = nbformat.read(path, as_version=4)
    change({cell.id: cell for cell in notebook.cells}, notebook)
    nbformat.write(notebook, path)


def changed_source(cells, notebook):
    cells["add_solution"].source += "\n# by hand"


def changed_metadata(cells, notebook):
    cells["add"].metadata.nbgrader["points"] = 3


def changed_tags(cells, notebook):
    cells["01_adding-05"].metadata["tags"] = ["nbval-skip"]


def changed_release(cells, notebook):
    notebook.metadata.course["release"] = "0.0.1"


def changed_id(cells, notebook):
    cells["01_adding-02"].id = "other"


def dropped_cell(cells, notebook):
    del notebook.cells[-1]


@pytest.mark.parametrize("change", [changed_source, changed_metadata, changed_tags, changed_release, changed_id, dropped_cell])
@pytest.mark.parametrize("folder", ["solutions", "notebooks"])
def test_hand_edited_notebook_is_noticed(course, folder, change):
    edit(course / folder / "01_adding.ipynb", change)
    told = build.check("01_adding", course)
    assert len(told) == 1 and told[0].startswith(f"{folder}/01_adding.ipynb: ")


def test_changed_text_source_is_noticed_in_both(course):
    source = course / "solutions/01_adding.py"
    source.write_text(SOURCE.replace("Adds two numbers", "Adds numbers"), encoding="utf-8")
    assert [sentence.split(":")[0] for sentence in build.check("01_adding", course)] == ["solutions/01_adding.ipynb", "notebooks/01_adding.ipynb"]


def test_notebook_that_never_ran_is_noticed(course):
    # nbval passes such a notebook without comparing anything.
    def clear(cells, notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None

    edit(course / "solutions/01_adding.ipynb", clear)
    told = build.check("01_adding", course)
    assert "solutions/01_adding.ipynb: cell add has not been executed." in told
    assert "solutions/01_adding.ipynb: no cell has an output." in told


def test_one_cell_that_never_ran_is_noticed(course):
    edit(course / "solutions/01_adding.ipynb", lambda cells, notebook: cells["add_solution"].update(execution_count=None))
    assert build.check("01_adding", course) == ["solutions/01_adding.ipynb: cell add_solution has not been executed."]


def test_stored_error_is_noticed(course):
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    edit(course / "solutions/01_adding.ipynb", lambda cells, notebook: cells["add"].outputs.append(error))
    assert build.check("01_adding", course) == ["solutions/01_adding.ipynb: cell add has raised ValueError."]


def test_output_in_the_student_notebook_is_noticed(course):
    output = nbformat.v4.new_output("stream", text="42\n")
    edit(course / "notebooks/01_adding.ipynb", lambda cells, notebook: cells["add"].outputs.append(output))
    assert build.check("01_adding", course) == ["notebooks/01_adding.ipynb: cell add still has an output."]


def test_missing_notebook_is_noticed(course):
    (course / "notebooks/01_adding.ipynb").unlink()
    assert build.check("01_adding", course) == ["notebooks/01_adding.ipynb is missing."]


SOLUTION = "class A(Base):\n    def f(self, x, *, y=1):\n        return x\n\ndef g(a, b=None): return a\n"


@pytest.mark.parametrize(
    ("stub", "sentence"),
    [
        ("class A(Base):\n    def f(self, x, *, y=1):\n\ndef g(a, b=None): ...", "the stub does not compile"),
        ("class A(Base):\n    def f(self, x, *, y=1): ...", "the solution defines g, the stub does not"),
        ("class A(Base): ...\ndef g(a, b=None): ...", "the solution defines A.f, the stub does not"),
        ("class A:\n    def f(self, x, *, y=1): ...\ndef g(a, b=None): ...", r"A\(Base\) in the solution is A\(\) in the stub"),
        ("class A(Base):\n    def f(self, x, *, y=2): ...\ndef g(a, b=None): ...", r"A\.f\(self, x, \*, y=1\) in the solution is A\.f\(self, x, \*, y=2\)"),
        ("class A(Base):\n    def f(self, x, y=1): ...\ndef g(a, b=None): ...", "A.f"),
        ("class A(Base):\n    def f(self, z, *, y=1): ...\ndef g(a, b=None): ...", "A.f"),
        ("class A(Base):\n    def f(self, x, *, y=1): ...\ndef g(a): ...", r"g\(a, b=None\) in the solution is g\(a\) in the stub"),
    ],
)
def test_stub_that_differs_from_its_solution_is_noticed(stub, sentence):
    (told,) = drift.stub_differences("cell", SOLUTION, stub)
    assert re.search(sentence, told)


def test_stub_with_names_and_signatures_of_its_solution_is_right():
    stub = "class A(Base):\n    def f(self, x, *, y=1):\n        raise NotImplementedError()\n\ndef g(a, b=None):\n    raise NotImplementedError()"
    assert drift.stub_differences("cell", SOLUTION, stub) == []


def test_helper_function_inside_a_solution_region_is_noticed(course):
    # A later cell may call it; the student's notebook would not have it.
    hidden = SOURCE.replace("def add(a, b=0):", "### BEGIN SOLUTION\ndef total(values): return math.fsum(values)\n### END SOLUTION\ndef add(a, b=0):")
    (course / "solutions/01_adding.py").write_text(hidden, encoding="utf-8")
    assert "solutions/01_adding.py, cell add_solution: the solution defines total, the stub does not." in build.check("01_adding", course)
