"""The notebook at hand: in real kernels, and on a simulated Colab front end."""

import os
import zipfile

import nbformat

from helpers import handin_notebooks
from tests.kernel import ROOT, run
from tests.submission import notebook

SESSION = [
    "from helpers import checks, submission",
    "class LitViT:\n    early = True",
    "class LitViT:\n    late = True",
    "x = 1",
    "x = 1",
    "print('report = checks.lit_vit(LitViT)')\n",
]
CHECKED = ["report = checks.lit_vit(LitViT)\n0 * report.score", "submission.build()"]

COLAB = '''import json, pathlib
def blocking_request(kind, request="", timeout_sec=None):
    assert (kind, request) == ("get_ipynb", "") and timeout_sec > 0
    answer = pathlib.Path("live.json")
    return {"ipynb": json.loads(answer.read_text())} if answer.exists() else None
'''


def test_a_session_without_a_saved_notebook_then_with_an_old_one_then_with_this_one(complete):
    saved = (complete / "04_training.ipynb").read_text()
    (complete / "04_training.ipynb").unlink()
    (complete / "older.json").write_text(saved)
    (complete / "this.json").write_text(saved.replace("    pass", "    late = True"))
    again = "import os, shutil\nshutil.copy('submission.zip', 'rebuilt.zip')\nshutil.copy('{}.json', '04_training.ipynb')\nsubmission.build()"
    printed = run(complete, [*SESSION, *CHECKED, again.format("older"), again.format("this")], env={"JPY_SESSION_NAME": "course/04_training.ipynb"})
    assert "[NOTE] 04_training.ipynb: no saved file was found, so it was rebuilt from the cells that ran in this session" in printed[-3]
    assert "[NOTE] 04_training.ipynb: the saved file is older than what you ran; save it (Ctrl+S)" in printed[-2]
    assert "[NOTE]" not in printed[-1] and printed[-1].endswith("Nothing is missing.\n")


def test_a_notebook_rebuilt_from_history_keeps_the_last_version_of_each_exercise():
    node = nbformat.reads(handin_notebooks.dump(handin_notebooks.rebuilt([*SESSION, *CHECKED])).decode(), as_version=4)
    nbformat.validate(node)
    source = [cell.source for cell in node.cells]
    assert source.count("x = 1") == 1 and source[-1] == "submission.build()"
    marks = {cell.metadata["nbgrader"]["grade_id"]: cell.source for cell in node.cells if "nbgrader" in cell.metadata}
    assert marks == {"lit_vit_solution": "class LitViT:\n    late = True", "lit_vit": CHECKED[0]}


def test_on_colab_the_front_end_is_asked_and_else_the_history_is_used(complete, tmp_path):
    package = tmp_path / "site" / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "_message.py").write_text(COLAB)
    (complete / "04_training.ipynb").unlink()
    live = notebook("04_training")
    live.cells[1].source = "class LitViT:\n    from_the_browser = True"
    (complete / "live.json").write_text(nbformat.writes(live))
    gone = "import os\nos.remove('live.json')\nsubmission.build()"
    env = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "site")])}
    printed = run(complete, [*SESSION[:2], "submission.build()", gone, *CHECKED], env=env)
    assert "[NOTE] 04_training.ipynb: taken from Colab as it is in your browser now." in printed[2]
    assert "Nothing is missing." in printed[2] and "choose Download" in printed[2]
    # Colab did not answer: with the class alone it is not known yet to be notebook 04, with its check it is.
    assert "[NOTE] This notebook holds no exercise cells" in printed[3]
    assert "Colab did not hand it over in time, so it was rebuilt from the cells that ran in this session" in printed[-1]
    with zipfile.ZipFile(complete / "submission.zip") as archive:
        assert b"report = checks.lit_vit" in archive.read("04_training.ipynb")
