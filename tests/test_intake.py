"""Whatever a student hands in is read, matched to the release and repaired, or refused with a reason; nothing raises."""

import copy
import io
import json
import os
import zipfile

import nbformat
import pytest

from autograder.assignment import Assignment, grade_id, is_graded, is_solution
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.submissions import intake, matching
from autograder.submissions.collecting import collect

STEMS = ("01_patches", "02_attention_block", "03_vision_transformer", "04_training")
ANSWER = "def img_to_patch(x, patch_size, flatten_channels=True):\n    return helper(x, patch_size)\n"
HELPER = "def helper(x, p):\n    return x.reshape(len(x), -1, p * p)\n"


@pytest.fixture(scope="module")
def assignments():
    return [Assignment(stem, source_notebook(stem), student_notebook(stem)) for stem in STEMS]


@pytest.fixture
def notebook(assignments):
    """The release of notebook 01 as JSON data, answered."""
    data = json.loads(nbformat.writes(assignments[0].release))
    cell(data, "img_to_patch_solution")["source"] = HELPER + "\n\n" + ANSWER
    return data


def cell(data, wanted):
    return next(one for one in data["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == wanted)


def code(source):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def take(tmp_path, assignments, **files):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return intake.take_in(tmp_path, assignments)


def first(tmp_path, assignments, content, name="01_patches.ipynb"):
    return take(tmp_path, assignments, **{name: content}).notebooks["01_patches"]


def attempted(handed):
    return handed.found.answers["img_to_patch"].state == "attempted"


def test_the_release_itself_is_not_attempted_and_needs_no_repair(tmp_path, assignments):
    files = {f"{a.stem}.ipynb": nbformat.writes(a.release).encode() for a in assignments}
    taken = take(tmp_path, assignments, **files)
    assert set(taken.notebooks) == set(STEMS) and not taken.notes
    for a in assignments:
        handed = taken.notebooks[a.stem]
        assert handed.repairs == []
        assert {answer.state for answer in handed.found.answers.values()} == {"stub"}


def test_every_exercise_is_known_with_its_points(assignments):
    points = {e.grade_id: e.points for a in assignments for e in a.exercises}
    assert points == {"img_to_patch": 2, "attention_block": 3, "vision_transformer": 2, "lit_vit": 0, "test_accuracy": 1, "train_curve": 1, "val_curve": 1}
    assert [e.grade_id for e in assignments[3].exercises if e.is_evidence] == ["test_accuracy", "train_curve", "val_curve"]


@pytest.mark.parametrize(
    "name",
    ["Copy of 01_patches.ipynb", "01_patches (1).ipynb", "01-Patches FINAL.ipynb", "０１_patches.ipynb", "patches.ipynb", "Müller_01_patches.ipynb",
     "homework.ipynb", "01_patches.ipynb.json", "01_patches.ipynb.txt", "deep/er/Kopie van 01_patches.IPYNB"],
)  # fmt: skip
def test_any_name(tmp_path, assignments, notebook, name):
    handed = first(tmp_path, assignments, notebook, name)
    assert attempted(handed) and handed.repairs == [f"{name} was graded as 01_patches.ipynb."]


def test_content_counts_more_than_a_wrong_name(tmp_path, assignments, notebook):
    taken = take(tmp_path, assignments, **{"02_attention_block.ipynb": notebook})
    assert list(taken.notebooks) == ["01_patches"]
    assert "holds 01_patches" in taken.notebooks["01_patches"].repairs[0]


def test_a_foreign_notebook_is_named_and_left_alone(tmp_path, assignments):
    taken = take(tmp_path, assignments, **{"Untitled.ipynb": {"nbformat": 4, "cells": [code("print(1)")]}})
    assert taken.notebooks == {} and "Untitled.ipynb is none of the course's notebooks" in taken.notes[0]


def colab(data):
    data = copy.deepcopy(data)
    data["nbformat_minor"] = 0
    data["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"a": {}}}
    for one in data["cells"]:
        one["metadata"]["id"] = one.pop("id")
    return json.dumps(data).encode()


def format_3(data):
    cells = [{**one, "input" if one["cell_type"] == "code" else "source": one["source"], "language": "python"} for one in data["cells"]]
    for one in cells:
        if one["cell_type"] == "code":
            del one["source"]
    return json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


def same_ids(data):
    return json.dumps({**data, "cells": [{**one, "id": "same"} for one in data["cells"]]}).encode()


def spoilt(data):
    """Metadata of wrong types, a lone surrogate, cells that are no cells, a source that is a list."""
    data = copy.deepcopy(data)
    data["cells"] = [None, 3, {"cell_type": "code"}, *data["cells"], code("print('\ud800')")]
    data["metadata"] = {"kernelspec": None, "language_info": []}
    for one in data["cells"][3:6]:
        one["metadata"] = []
    cell_ = next(one for one in data["cells"][6:] if one["metadata"].get("nbgrader", {}).get("grade_id") == "img_to_patch_solution")
    cell_["source"] = cell_["source"].splitlines(keepends=True)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "save",
    [colab, format_3, same_ids, spoilt,
     lambda data: b"\xef\xbb\xbf" + json.dumps(data).encode(),
     lambda data: json.dumps(data).encode("utf-16"),
     lambda data: json.dumps(data).encode("utf-16-le"),
     lambda data: json.dumps(data, indent=1).replace("\n", "\r\n").encode(),
     lambda data: json.dumps(data).replace("\\n", "\\r\\n").encode(),
     lambda data: json.dumps({**data, "nbformat": 5, "nbformat_minor": 99}).encode()],
    ids=["colab", "format 3", "same ids", "spoilt", "bom", "utf-16", "utf-16 without mark", "crlf file", "crlf source", "format 5"],
)  # fmt: skip
def test_any_way_of_saving(tmp_path, assignments, notebook, save):
    handed = first(tmp_path, assignments, save(notebook))
    assert attempted(handed), handed
    nbformat.validate(matching.rebuild(assignments[0], handed.found))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"  \n\x00", "empty"), (b"%PDF-1.7 ...", "PDF"), (b"<!DOCTYPE html><html>", "web page"), (b'{"cells": [{"cell_type": "co', "cut off"),
     (b'{"cells": [], "nbformat": 4}', "no cells"), (b"[1, 2]", "no notebook"), (b'{"a": 1}', "no cells"), (b'{"cells": [}]}', "damaged at line 1"),
     (b'{\n"cells": [\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n]}', "merge"), (b"[" * 100_000, "damaged")],
)  # fmt: skip
def test_what_cannot_be_graded_has_a_reason(tmp_path, assignments, content, reason):
    handed = first(tmp_path, assignments, content)
    assert handed.found is None and reason in handed.unreadable


def test_an_unreadable_file_without_a_telling_name_is_reported_for_every_missing_notebook(tmp_path, assignments, notebook):
    taken = take(tmp_path, assignments, **{"01_patches.ipynb": notebook, "hw.ipynb": b""})
    assert attempted(taken.notebooks["01_patches"])
    assert all("hw.ipynb cannot be graded: it is empty" in taken.notebooks[stem].unreadable for stem in STEMS[1:])


def test_only_a_pdf(tmp_path, assignments):
    taken = take(tmp_path, assignments, **{"report.pdf": b"%PDF-1.4"})
    assert {stem: bool(n.unreadable) for stem, n in taken.notebooks.items()} == dict.fromkeys(STEMS, True)


def test_an_empty_folder_is_missing(tmp_path, assignments):
    assert intake.take_in(tmp_path, assignments).notebooks == {}


# ---------------------------------------------------------------------------------------------------------------- cells


def insert_after(data, wanted, *cells):
    at = data["cells"].index(cell(data, wanted)) + 1
    data["cells"][at:at] = cells


def test_the_latest_complete_answer_wins(tmp_path, assignments, notebook):
    again = copy.deepcopy(cell(notebook, "img_to_patch_solution"))
    again["source"] = ANSWER.replace("helper(", "later(")
    insert_after(notebook, "img_to_patch_solution", again)
    handed = first(tmp_path, assignments, notebook)
    assert "later(" in handed.found.answers["img_to_patch"].source
    assert "defined in 2 cells" in handed.repairs[0]


@pytest.mark.parametrize("later", ["stub", "def img_to_patch(x, patch_size):\n    return (", "def img_to_patch(x, patch_size):\n    raise NotImplementedError\n"])
def test_a_stub_or_broken_copy_below_does_not_beat_an_answer(tmp_path, assignments, notebook, later):
    again = copy.deepcopy(cell(notebook, "img_to_patch_solution"))
    again["source"] = assignments[0].stubs["img_to_patch_solution"] if later == "stub" else later
    insert_after(notebook, "img_to_patch", again)
    assert "helper(" in first(tmp_path, assignments, notebook).found.answers["img_to_patch"].source


def test_an_answer_in_a_cell_of_the_students_own(tmp_path, assignments, notebook):
    cell(notebook, "img_to_patch_solution")["source"] = assignments[0].stubs["img_to_patch_solution"]
    notebook["cells"].append(code(HELPER + ANSWER))
    handed = first(tmp_path, assignments, notebook)
    assert attempted(handed) and "not in the cell meant for it" in handed.repairs[0]


def test_stripped_metadata_is_recovered_by_content(tmp_path, assignments, notebook):
    for one in notebook["cells"]:
        one["metadata"] = {}
        del one["id"]
    handed = first(tmp_path, assignments, notebook)
    assert attempted(handed) and "lost the marks" in handed.repairs[0] and len(handed.repairs) == 1


def test_changed_and_missing_test_cells_are_the_releases_again(tmp_path, assignments, notebook):
    cell(notebook, "img_to_patch")["source"] = "2"
    changed = first(tmp_path, assignments, notebook)
    assert changed.repairs == ["The test cell of img_to_patch had been changed; the original was used."]
    notebook["cells"].remove(cell(notebook, "img_to_patch"))
    missing = first(tmp_path, assignments, notebook)
    assert missing.repairs == ["The test cell of img_to_patch was missing; it was put back."]
    for handed in (changed, missing):
        rebuilt = matching.rebuild(assignments[0], handed.found)
        assert [one for one in rebuilt.cells if is_graded(one)] == [one for one in assignments[0].release.cells if is_graded(one)]


def test_points_and_flags_of_a_submission_are_never_believed(tmp_path, assignments, notebook):
    cell(notebook, "img_to_patch")["metadata"]["nbgrader"] |= {"points": 1000, "grade": False, "schema_version": 99}
    rebuilt = matching.rebuild(assignments[0], first(tmp_path, assignments, notebook).found)
    wanted = {grade_id(one): one.metadata for one in assignments[0].release.cells if grade_id(one)}
    assert {grade_id(one): one.metadata for one in rebuilt.cells if grade_id(one)} == wanted


def test_an_answer_turned_into_text(tmp_path, assignments, notebook):
    cell(notebook, "img_to_patch_solution")["cell_type"] = "markdown"
    handed = first(tmp_path, assignments, notebook)
    assert attempted(handed) and "turned into text" in handed.repairs[0]


def test_answer_and_test_in_one_cell(tmp_path, assignments, notebook):
    answer, test = cell(notebook, "img_to_patch_solution"), cell(notebook, "img_to_patch")
    test["source"] = answer["source"] + "\n\n" + "".join(test["source"])
    notebook["cells"].remove(answer)
    assert attempted(first(tmp_path, assignments, notebook))


def test_a_deleted_answer_is_not_attempted_but_other_code_is_for_a_person_to_look_at(tmp_path, assignments, notebook):
    notebook["cells"].remove(cell(notebook, "img_to_patch_solution"))
    assert first(tmp_path, assignments, notebook).found.answers["img_to_patch"].state == "stub"
    notebook["cells"].append(code("def to_patches(x):\n    return x"))
    handed = first(tmp_path, assignments, notebook)
    assert handed.found.answers["img_to_patch"].state == "unclear" and "was missing" in handed.repairs[0]


def test_own_cells_stay_where_they_were(tmp_path, assignments, notebook):
    insert_after(notebook, "img_to_patch_solution", code("mine = 1"), {"cell_type": "markdown", "metadata": {}, "source": "<script>alert(1)</script>"})
    rebuilt = matching.rebuild(assignments[0], first(tmp_path, assignments, notebook).found)
    at = next(i for i, one in enumerate(rebuilt.cells) if is_solution(one))
    assert rebuilt.cells[at + 1].source == "mine = 1"
    assert "<script" not in rebuilt.cells[at + 2].source
    assert len({one.id for one in rebuilt.cells}) == len(rebuilt.cells)


def test_two_files_for_one_notebook(tmp_path, assignments, notebook):
    stub = json.loads(nbformat.writes(assignments[0].release))
    taken = take(tmp_path, assignments, **{"01_patches.ipynb": stub, "Copy of 01_patches.ipynb": notebook})
    handed = taken.notebooks["01_patches"]
    assert attempted(handed) and handed.path == "Copy of 01_patches.ipynb" and "There were 2 files" in handed.repairs[-1]


# ---------------------------------------------------------------------------------------------------------------- files


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_zips_in_zips(tmp_path, assignments, notebook):
    inner = zipped(**{"01_patches.ipynb": json.dumps(notebook), "carry/img_to_patch.py": "x = 1", "checkpoints/best.ckpt": b"PK\x03\x04not a zip to open"})
    taken = take(tmp_path, assignments, **{"upload.zip": zipped(**{"submission.zip": inner})})
    assert attempted(taken.notebooks["01_patches"]) and taken.notebooks["01_patches"].repairs == []
    assert set(taken.files) == {"carry/img_to_patch.py", "checkpoints/best.ckpt"}


def test_nothing_is_read_from_outside_a_submission(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "link.ipynb").symlink_to(tmp_path / "secret.txt")
    (folder / "everything").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe.ipynb")
    link = zipfile.ZipInfo("inside.ipynb")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../up.ipynb", "{}")
        archive.writestr("/absolute.ipynb", "{}")
        archive.writestr("C:\\windows.ipynb", "{}")
        archive.writestr(link, "/etc/passwd")
    (folder / "a.zip").write_bytes(buffer.getvalue())
    found, refused = collect(folder)
    assert found == []
    assert len(refused) == 7 and sum("link" in one.text for one in refused) == 3 and sum("outside the zip" in one.text for one in refused) == 3


def test_a_zip_bomb_and_a_broken_zip_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.submissions.collecting.MAX_FILE_BYTES", 1000)
    (tmp_path / "bomb.zip").write_bytes(zipped(big="0" * 5000, small="1"))
    (tmp_path / "cut.zip").write_bytes(zipped(a="b")[:-10])
    monkeypatch.setattr("autograder.submissions.collecting.MAX_NESTING", 1)
    (tmp_path / "nested.zip").write_bytes(zipped(**{"in.zip": zipped(a="b")}))
    found, refused = collect(tmp_path)
    assert [item.path for item in found] == ["bomb.zip/small"]
    assert len(refused) == 3


def test_training_files_come_from_one_folder(tmp_path, assignments):
    run = {f"new/checkpoints/{which}.ckpt": b"new" for which in ("first", "middle", "best")} | {"new/metrics.csv": b"new"}
    taken = take(tmp_path, assignments, **run, **{"old/checkpoints/best.ckpt": b"old", "best.ckpt": b"loose"})
    assert {item.read() for item in taken.files.values()} == {b"new"} and len(taken.files) == 4
