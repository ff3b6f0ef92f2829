"""What submission.zip holds."""

import io
import json
import os
import zipfile

import nbformat
import torch

from helpers import handin_files, handin_notebooks, submission
from tests.submission import BODIES, marked


def names(folder):
    with zipfile.ZipFile(folder / "submission.zip") as archive:
        assert archive.testzip() is None
        return archive.namelist()


CONTRACT = sorted(
    [f"{stem}.ipynb" for stem in handin_notebooks.TESTS] + [f"carry/{e}.py" for e in BODIES]
    + [f"checkpoints/{w}.ckpt" for w in handin_files.CHECKPOINTS] + ["metrics.csv", "report.pdf", "report.html"]
)  # fmt: skip


def test_a_complete_folder_gives_the_contracts_zip(complete, capsys):
    submission.build()
    out = capsys.readouterr().out
    assert out.startswith("submission.zip: 14 files") and out.endswith("Nothing is missing.\n")
    assert names(complete) == CONTRACT
    first = (complete / "submission.zip").read_bytes()
    submission.build(complete)
    assert (complete / "submission.zip").read_bytes() == first  # the same files, the same bytes
    assert not list(complete.glob(".*.part"))


def lesson(stem):
    """A notebook of a lesson with one exercise left open, as JupyterLab saves it."""
    cells = [nbformat.v4.new_markdown_cell(f"# {stem}")]
    for test in handin_notebooks.LATER[stem]:
        cells.append(nbformat.v4.new_code_cell("def answer():\n    raise NotImplementedError", metadata=marked(f"{test}_solution", solution=True)))
        cells.append(nbformat.v4.new_code_cell(f"report = checks.{test}(answer)\n0.5 * report.score", metadata=marked(test, points=0.5)))
    return nbformat.v4.new_notebook(cells=cells)


def test_notebooks_of_lessons_go_along_and_are_never_missing(complete, capsys):
    for stem, name in (("05_bug_hunt", "05_bug_hunt.ipynb"), ("10_look_inside", "homework.ipynb")):
        (complete / name).write_text(nbformat.writes(lesson(stem)), encoding="utf-8")
    submission.build()
    out = capsys.readouterr().out
    assert out.startswith("submission.zip: 16 files") and out.endswith("Nothing is missing.\n")
    assert names(complete) == sorted([*CONTRACT, "05_bug_hunt.ipynb", "10_look_inside.ipynb"])
    assert submission.main(["check", str(complete)]) == 0
    assert "[MISSING]" not in capsys.readouterr().out


def test_checkpoints_are_slimmed_and_keep_what_the_grader_needs(complete, capsys):
    submission.build()
    with zipfile.ZipFile("submission.zip") as archive:
        content = archive.read("checkpoints/best.ckpt")
    kept = torch.load(io.BytesIO(content), weights_only=True)
    whole = torch.load("checkpoints/best.ckpt", weights_only=True)
    assert set(kept) == {"state_dict", "hyper_parameters", "epoch", "global_step", "pytorch-lightning_version"}
    assert torch.equal(kept["state_dict"]["model.weight"], whole["state_dict"]["model.weight"])
    assert (kept["epoch"], kept["global_step"], kept["hyper_parameters"]) == (2, 20, whole["hyper_parameters"])
    assert len(content) < 0.6 * os.path.getsize("checkpoints/best.ckpt")


def test_an_empty_folder_is_not_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    submission.build()
    out = capsys.readouterr().out
    for stem in handin_notebooks.TESTS:
        assert f"[MISSING] {stem}.ipynb is not here" in out
    assert "[MISSING] carry/lit_vit.py" in out and "[MISSING] checkpoints/best.ckpt" in out and "[MISSING] metrics.csv" in out
    assert names(tmp_path) == ["report.html", "report.pdf"]
    assert out.index("[MISSING]") < out.index("submission.zip: 2 files")  # first what is missing


def test_a_folder_that_cannot_be_written_is_one_sentence(complete, capsys):
    (complete / "submission.zip").mkdir()
    submission.build()
    assert capsys.readouterr().out.startswith("submission.zip was not written (")
    assert not list(complete.glob(".*.part"))


def test_what_colab_knows_about_a_person_is_left_out(complete, capsys):
    node = json.loads((complete / "01_patches.ipynb").read_text())
    user = {"displayName": "Ada Lovelace", "userId": "0123456789", "photoUrl": "https://example.org/ada.png"}
    for cell in node["cells"]:
        cell["metadata"] |= {"executionInfo": {"user": user, "user_tz": -60}, "outputId": "abc", "id": "Zx1"}
        cell.pop("id")
    node["metadata"] |= {"colab": {"name": "Copy of 01_patches by Ada L.ipynb", "authorship_tag": "ABX9TyN", "provenance": [{"file_id": "1a2b3c"}], "gpuType": "T4"}}
    node["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"abc": {}}}  # no "state" key, as Colab writes it
    node["nbformat_minor"] = 0
    (complete / "01_patches.ipynb").unlink()
    (complete / "Copy of 01_patches (1).ipynb").write_text(json.dumps(node))
    submission.build()
    with zipfile.ZipFile("submission.zip") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        kept = json.loads(archive.read("01_patches.ipynb"))
    for private in (b"Ada", b"0123456789", b"ada.png", b"ABX9TyN", b"1a2b3c"):
        assert private not in everything
    assert [cell["source"] for cell in kept["cells"]] == [cell["source"] for cell in node["cells"]]
    assert kept["cells"][1]["metadata"] == {**marked("img_to_patch_solution", solution=True), "id": "Zx1"}
    assert kept["metadata"]["colab"]["gpuType"] == "T4" and "widgets" not in kept["metadata"]


def test_a_checkpoint_that_would_run_code_is_not_executed(complete, capsys, tmp_path):
    class Attack:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "attacked"),))

    torch.save({"state_dict": {}, "x": Attack()}, "checkpoints/best.ckpt")
    submission.build()
    assert "[DAMAGED] checkpoints/best.ckpt cannot be read" in capsys.readouterr().out
    assert not (tmp_path / "attacked").exists()
