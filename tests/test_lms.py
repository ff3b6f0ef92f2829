"""Downloads of Canvas and Moodle and plain folders become one folder a student; nothing leaves it, nothing is lost."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from autograder.records.course import key_of
from autograder.submissions import lms

CANVAS = {
    "lovelaceada_4711_90001_01_patches.ipynb": b"one",
    "lovelaceada_4711_90002_submission.zip": b"two",
    "hopper_LATE_815_90003_x_1_2_copy.ipynb": b"late",
    "müllerzoë_99_90004_02_attention_block-1.ipynb": b"umlaut",
    "turingalan_7_text.html": b"<p>typed</p>",
    "anon_XyZ12_90005_01_patches.ipynb": b"anonymous",
}
MOODLE = {
    "Ada Lovelace_101_assignsubmission_file_/01_patches.ipynb": b"one",
    "Ada Lovelace_101_assignsubmission_file_/deep/er/02.ipynb": b"two",
    "Ada Lovelace_101_assignsubmission_onlinetext_/onlinetext.html": b"text",
    "Zoë Müller-O'Neill_102_assignsubmission_file/submission.zip": b"three",
    "Participant_103_assignsubmission_file_03_notes_9_assignsubmission_file_x.ipynb": b"flat",
}


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def unpacked(folder, members):
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def holds(student):
    return {path.relative_to(student.folder).as_posix(): path.read_bytes() for path in student.folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["zip", "zip in a folder", "folder in a zip", "folder"])
def download(request, tmp_path):
    """The same download in the four forms in which instructors have it."""

    def make(members):
        place = tmp_path / "given"
        place.mkdir()
        if request.param == "zip":
            return zipped(place / "submissions.zip", members)
        if request.param == "zip in a folder":
            zipped(place / "submissions.zip", members)
            return place
        if request.param == "folder in a zip":
            return zipped(place / "submissions.zip", {f"submissions/{name}": content for name, content in members.items()})
        return unpacked(place, members)

    return make


def test_a_canvas_download(download, tmp_path):
    found, notes = lms.students(download(CANVAS), tmp_path / "scratch")
    assert notes == []
    by_id = {student.id: student for student in found}
    assert set(by_id) == {"4711", "815", "99", "7", "XyZ12"}
    assert holds(by_id["4711"]) == {"01_patches.ipynb": b"one", "submission.zip": b"two"}
    assert holds(by_id["815"]) == {"x_1_2_copy.ipynb": b"late"}
    assert holds(by_id["7"]) == {"text.html": b"<p>typed</p>"}
    assert {student.id: student.late_seconds for student in found} == {"4711": 0, "815": lms.LATE_AT_LEAST, "99": 0, "7": 0, "XyZ12": 0}
    assert (by_id["99"].name, by_id["99"].lms_id) == ("müllerzoë", "99")


def test_a_moodle_download(download, tmp_path):
    found, notes = lms.students(download(MOODLE), tmp_path / "scratch")
    assert notes == []
    by_id = {student.id: student for student in found}
    assert set(by_id) == {"101", "102", "103"}
    assert holds(by_id["101"]) == {"01_patches.ipynb": b"one", "deep/er/02.ipynb": b"two", "onlinetext.html": b"text"}
    assert by_id["102"].name == "Zoë Müller-O'Neill" and holds(by_id["102"]) == {"submission.zip": b"three"}
    assert holds(by_id["103"]) == {"03_notes_9_assignsubmission_file_x.ipynb": b"flat"}
    assert {student.late_seconds for student in found} == {None}  # Moodle's download does not say


def test_plain_folders_stay_where_they_are_and_any_id_is_one(tmp_path):
    class_ = tmp_path / "class"
    ids = ["anna", "Anna", ".hidden", "-rf", "o'neill \"x\" $HOME `id`", "名前", "a\nb", "x" * 200, "..strange", "tom;ls"]
    for name in ids:
        unpacked(class_ / name, {"01.ipynb": b"x"})
    for name in (".git", ".ipynb_checkpoints", "__MACOSX"):
        unpacked(class_ / name, {"01.ipynb": b"x"})
    (class_ / "link").symlink_to(tmp_path)
    (class_ / "grades.xlsx").write_bytes(b"")
    (class_ / "out").mkdir()
    found, notes = lms.students(class_, tmp_path / "scratch", besides=class_ / "out")
    assert {student.id for student in found} == set(ids)
    assert all(student.folder == class_ / student.id and student.late_seconds is None for student in found)
    assert len(notes) == 2 and "link" in notes[0] and "grades.xlsx" in notes[1]
    keys = lms.keys(ids, key_of)
    assert len({key.casefold() for key in keys.values()}) == len(ids)
    assert all("/" not in key and "\n" not in key and len(key.encode()) < 150 and not key.startswith(".") for key in keys.values())


def test_names_that_are_no_utf8(tmp_path):
    os.mkdir(os.fsencode(str(tmp_path)) + b"/caf\xe9")
    os.mkdir(os.fsencode(str(tmp_path)) + b"/caf\xe8")
    found, _ = lms.students(tmp_path, tmp_path)
    assert len({student.id for student in found}) == 2
    assert all(student.id.encode("utf-8") and student.folder.is_dir() for student in found)


def test_nothing_leaves_the_students_folder(tmp_path):
    (tmp_path / "secret").write_text("secret")
    link = zipfile.ZipInfo("eve_1_13_link.ipynb")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eve_1_10_../../../../up.ipynb", "up")
        archive.writestr("eve_1_11_ok.ipynb", "ok")
        archive.writestr("/eve_1_12_abs.ipynb", "abs")
        archive.writestr("eve_1_14_C:\\windows.ipynb", "windows")
        archive.writestr(link, str(tmp_path / "secret"))
    before = {one for one in tmp_path.rglob("*")}
    found, notes = lms.students(path, tmp_path / "scratch")
    eve = next(student for student in found if student.id == "1")
    assert set(holds(eve).values()) == {b"ok"}
    assert len(notes) == 4
    outside = {one for one in tmp_path.rglob("*")} - before
    assert all(one == tmp_path / "scratch" or (tmp_path / "scratch") in one.parents for one in outside)


def test_links_and_pipes_of_an_unpacked_download_are_not_followed(tmp_path):
    (tmp_path / "secret.ipynb").write_text("secret")
    class_ = unpacked(tmp_path / "class", {"eve_1_10_a.ipynb": b"a"})
    (class_ / "eve_1_11_b.ipynb").symlink_to(tmp_path / "secret.ipynb")
    os.mkfifo(class_ / "eve_1_12_c.ipynb")
    found, notes = lms.students(class_, tmp_path / "scratch")
    assert [holds(student) for student in found] == [{"a.ipynb": b"a"}]
    assert sum("b.ipynb" in note for note in notes) == 1


def test_names_that_collide_or_are_too_long_are_kept_apart(tmp_path):
    members = {"a_1_10_Nb.ipynb": b"1", "a_1_11_nb.ipynb": b"2", "a_1_12_nb.ipynb": b"3", f"a_1_13_{'ü' * 110}.ipynb": b"4", "a_1_14_what: is\nthis?.ipynb": b"5"}
    found, notes = lms.students(zipped(tmp_path / "c.zip", members), tmp_path / "scratch")
    assert sorted(holds(found[0]).values()) == [b"1", b"2", b"3", b"4", b"5"] and notes == []
    assert all(len(Path(name).name.encode()) <= 150 and "\n" not in name and name.endswith(".ipynb") for name in holds(found[0]))


def test_a_zip_bomb_of_one_student_costs_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.submissions.lms.MAX_TOTAL_BYTES", 5000)
    found, notes = lms.students(zipped(tmp_path / "c.zip", {"a_1_10_x.ipynb": b"0" * 9000, "b_2_11_y.ipynb": b"y"}), tmp_path / "scratch")
    assert [holds(student) for student in found] == [{}, {"y.ipynb": b"y"}]
    assert "too large" in notes[0]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: p / "nowhere", "There is no folder"),
        (lambda p: p, "There is no student's folder"),
        (lambda p: (p / "x.zip").write_bytes(b"PK no zip") and p / "x.zip", "cannot be opened as a zip"),
    ],
)
def test_nothing_to_grade_is_one_sentence(tmp_path, make, said):
    with pytest.raises(lms.NoSubmissions, match=said):
        lms.students(make(tmp_path), tmp_path / "scratch")


def test_a_zip_of_plain_folders(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("anna/01_patches.ipynb", "1")
        archive.writestr("bob/work/01_patches.ipynb", "2")
        archive.writestr("__MACOSX/anna/._01_patches.ipynb", "noise")
    (tmp_path / "c.zip").write_bytes(data.getvalue())
    found, _ = lms.students(tmp_path / "c.zip", tmp_path / "scratch")
    assert {student.id: holds(student) for student in found} == {"anna": {"01_patches.ipynb": b"1"}, "bob": {"work/01_patches.ipynb": b"2"}}
