"""A student notebook that nobody has touched runs from top to bottom, without a traceback, and is worth 0."""

import pytest

from autograder.execution import execute
from autograder.notebooks import student_notebook
from autograder.sources import stems


@pytest.mark.parametrize("stem", stems())
def test_untouched_notebook_runs_and_is_worth_nothing(stem, tmp_path):
    notebook = execute(student_notebook(stem), tmp_path)  # raises CellFailed at a traceback
    graded = {cell.id: cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")}
    assert graded
    for cell in graded.values():
        (value,) = [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]
        assert float(value) == 0, cell.id
    shown = "".join(str(output.get("text", output.get("data", ""))) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    assert "not implemented yet" in shown or "still the empty stub" in shown
    assert "Traceback" not in shown and "NotImplementedError" not in shown
    # The work folder holds no carried code: what is not written cannot be carried over.
    assert not list(tmp_path.glob("carry/*.py"))
