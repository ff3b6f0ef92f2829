"""Exports in the formats of Canvas, Moodle and Gradescope, with the gradebook's manual marks; and `explain`."""

import csv
import json
import re
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import files
from autograder.building.sources import COURSE
from autograder.judging import kept
from autograder.judging.verdicts import Verdict, from_report
from autograder.pages import explain, exports
from autograder.records import ledger, scores
from autograder.records.course import Course
from helpers import checks, standins

EVIL = '=HYPERLINK("http://example.org","x")'
POINTS = {"01_patches": {"img_to_patch": 2.0}, "02_attention_block": {"attention_block": 3.0}, "04_training": {"lit_vit": 0.0, "test_accuracy": 1.0}}
ANSWER = "def img_to_patch(x, patch_size, flatten_channels=True):\n    return x\n"


def column_major(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if h % patch_size or w % patch_size:
        raise ValueError("does not divide")
    x = x.reshape(b, c, h // patch_size, patch_size, w // patch_size, patch_size).permute(0, 4, 2, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x


@pytest.fixture(scope="module")
def observed():
    given = checks.inputs("img_to_patch", 7)
    return given, checks.observe("img_to_patch", column_major, given)


@pytest.fixture(scope="module")
def out(tmp_path_factory, observed):
    """A graded class: ada, whose mark was changed by hand, ben, who was late, and one whose id and words are formulas."""
    out = tmp_path_factory.mktemp("graded")
    wrong = from_report("img_to_patch", 2.0, checks.judge("img_to_patch", observed[1], observed[0]))
    right = Verdict("attention_block", 3.0, 3.0, "graded", rungs=(("it runs", True),))
    practice, accuracy = Verdict("lit_vit", 0.0, 0.0, "graded"), Verdict("test_accuracy", 1.0, 1.0, "graded")
    waits = Verdict("attention_block", 0.0, 3.0, "needs_review", messages=(f"@SUM(1) {EVIL}\r\n<b>\u202e",))
    graded = {
        "ada": {"01_patches": [wrong], "02_attention_block": [waits], "04_training": [practice, accuracy]},
        "ben": {"01_patches": [wrong], "02_attention_block": [right], "04_training": [practice, accuracy]},
        EVIL: {"01_patches": [wrong], "02_attention_block": [waits], "04_training": [practice, accuracy]},
    }
    keys = {"ada": "ada", "ben": "ben", EVIL: "evil-1"}
    results = []
    with Gradebook(Course(out).url) as book:
        for stem, cells in POINTS.items():
            book.add_assignment(stem)
            book.add_notebook(stem, stem)
            for name, points in cells.items():
                book.add_grade_cell(name, stem, stem, max_score=points, cell_type="code")
                book.add_solution_cell(f"{name}_solution", stem, stem)
        for student, notebooks in graded.items():
            key = keys[student]
            book.add_student(key, first_name="Ada" if student == "ada" else None, last_name="Lovelace, B" if student == "ada" else None, email=f"{key}@example.org")
            results.append({"student": student, "key": key, "notes": [], "notebooks": {}})
            for stem, verdicts in notebooks.items():
                results[-1]["notebooks"][stem] = {"state": "found", "path": f"{stem}.ipynb", "repairs": [], "flags": [], "notebook": "", "seconds": 1.0, "verdicts": verdicts}
                book.add_submission(stem, key)
                for verdict in verdicts:
                    book.find_grade(verdict.exercise, stem, stem, key).auto_score = verdict.points
        book.find_grade("attention_block", "02_attention_block", "02_attention_block", "ada").manual_score = 2.5
        book.find_grade("img_to_patch", "01_patches", "01_patches", "ada").extra_credit = 0.25
        book.find_submission_notebook("02_attention_block", "02_attention_block", "ben").late_submission_penalty = 0.75
        book.find_comment("attention_block_solution", "02_attention_block", "02_attention_block", "ada").manual_comment = "Nearly."
        book.db.commit()
    results[0]["notebooks"]["01_patches"] |= {
        "path": "Copy of 01.ipynb", "repairs": ["A cell was \x1b[31mmended\x1b[0m."], "flags": ["It patched torch."], "late": 7200.0, "release": "1.0.0",
    }  # fmt: skip
    ledger.finish(out, ledger.begin(out), results)
    cell = nbformat.v4.new_code_cell(ANSWER, metadata={"nbgrader": {"grade_id": "img_to_patch_solution", "solution": True}})
    files.write(out / "submitted" / "ada" / "01_patches" / "01_patches.ipynb", nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 1"), cell])))
    about = {"student": "ada", "stem": "01_patches", "exercise": "img_to_patch", "version": ledger.version(), "seed": 7, "verdict": wrong.to_json(), "flags": []}
    kept.write(kept.place(out, "ada", "01_patches", "img_to_patch"), about | {"outcome": {"state": "ok", "name": "", "text": ""}}, *observed)
    return out


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def points(out):
    return {(person.student, cell.verdict.exercise): cell.points for person in scores.load(out) for cell in person.cells}


def test_manual_marks_extra_credit_and_penalties_count(out):
    got = points(out)
    assert got["ada", "attention_block"] == 2.5 and got["ada", "img_to_patch"] == pytest.approx(got["ben", "img_to_patch"] + 0.25)
    assert got["ben", "attention_block"] == 2.25
    assert got[EVIL, "attention_block"] is None  # it waits for a person: no silent zero
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:  # the same sums as nbgrader's own
        for student, key in (("ada", "ada"), ("ben", "ben")):
            for stem, cells in POINTS.items():
                submission = book.find_submission(stem, key)
                assert sum(got[student, name] for name in cells) == pytest.approx(submission.score - submission.late_submission_penalty)


def test_canvas(out):
    exports.write(out, ("canvas",))
    header, possible, evil, ada, _ = rows_of(out / "exports" / "canvas.csv")
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01_patches: Patches", "02_attention_block: Attention block", "04_training: Test accuracy"]
    assert "Points Possible" in possible[0] and possible[5:] == ["2", "3", "1"]
    assert ada[0] == "Ada Lovelace, B" and ada[3] == "ada" and ada[6:] == ["2.5", "1"]
    assert evil[6] == "" and evil[7] == "1"  # left empty, not zero


def test_canvas_takes_ids_and_columns_from_its_own_gradebook(out, tmp_path):
    roster = tmp_path / "gradebook.csv"
    roster.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,01_patches: Patches (881),Final Score\n    Points Possible,,,,,2,(read only)\n"
        '"Lovelace, Ada",4711,S-1,ada,Section A,,\n"Bell, Ben",4712,S-2,ben,Section B,,\n',
        encoding="utf-8-sig",
    )
    exports.write(out, ("canvas",), roster)
    header, _, _, ada, ben = rows_of(out / "exports" / "canvas.csv")
    assert header[5:7] == ["01_patches: Patches (881)", "02_attention_block: Attention block"]
    assert ada[:5] == ["Lovelace, Ada", "4711", "S-1", "ada", "Section A"] and ben[1] == "4712"


def test_moodle(out, tmp_path):
    roster = tmp_path / "worksheet.csv"
    roster.write_text("Identifier,Full name,Email address,ID number\nParticipant 12,Ada Lovelace,ada@example.org,ada\n", encoding="utf-8")
    exports.write(out, ("moodle",), roster)
    header, _, ada, ben = rows_of(out / "exports" / "moodle" / "gradebook.csv")
    assert header[:5] == ["ID number", "Full name", "Email address", "01_patches: Patches (Real)", "01_patches: Patches (Feedback)"]
    assert ada[:3] == ["ada", "Ada Lovelace", "ada@example.org"] and "patches run from top to bottom" in ada[4]
    assert ada[6] == "Marked by your instructor. Nearly." and ben[5:7] == ["2.25", "Right. Late: 25% of the points were taken off."]
    sheet = rows_of(out / "exports" / "moodle" / "02_attention_block.csv")
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(sheet[0])  # what Moodle's importer asks for
    assert sheet[2][0] == "Participant 12" and sheet[2][4:6] == ["2.5", "3"] and sheet[1][4] == ""


def test_gradescope(out):
    exports.write(out, ("gradescope",))
    results = json.loads((out / "exports" / "gradescope" / "ada" / "results.json").read_text(encoding="utf-8"))
    names = {"name", "number", "score", "max_score", "status", "output", "output_format", "visibility"}
    assert all(names <= set(test) and test["status"] in ("passed", "failed") and test["visibility"] == "visible" for test in results["tests"])
    assert [(test["score"], test["max_score"]) for test in results["tests"]][1:] == [(2.5, 3.0), (0.0, 0.0), (1.0, 1.0)]
    assert results["score"] == pytest.approx(sum(test["score"] for test in results["tests"]))
    assert "✗" in results["tests"][0]["output"] and results["tests"][0]["extra_data"]["codes"] == ["column_major_order"]


def test_no_cell_is_a_formula(out):
    exports.write(out, exports.KINDS)
    texts = [cell for path in (out / "exports").rglob("*.csv") for row in rows_of(path) for cell in row]
    assert any(EVIL in text for text in texts)
    assert not [text for text in texts if text[:1] in "=+-@\t\r" and text not in ("", "-")]
    assert not [text for text in texts if "\n" in text or "\u202e" in text]


def test_commands_and_their_errors(out, tmp_path, capsys):
    assert exports.main([str(out), "canvas", "gradescope"]) == 0
    assert capsys.readouterr().out.split() == [str(out / "exports" / "canvas.csv"), str(out / "exports" / "gradescope")]
    assert exports.main([str(tmp_path), "canvas"]) == explain.main(["ada", "img_to_patch", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and all(line.startswith("There are no grades in") for line in said)
    done = subprocess.run([sys.executable, "-m", "autograder", "explain", "ada", "img_to_patch", "--out", str(out)], capture_output=True, text=True, timeout=120, cwd=COURSE)
    assert done.returncode == 0 and "column_major_order" in done.stdout


# ---------------------------------------------------------------------------------------------------------------- explain


def test_explain_prints_what_a_verdict_rests_on(out, observed):
    text = explain.explain(out, "ada", "img_to_patch")
    assert "points    1.33 of 2" in text and "column_major_order: patches run from top to bottom" in text
    assert "    - patch n holds the pixels" in text and "    + gradients flow back" in text
    assert "A cell was mended." in text and "It patched torch." in text and "2 hours" in text and "Copy of 01.ipynb" in text
    assert "cell 2 of" in text and "    | def img_to_patch" in text and "checks.inputs('img_to_patch', 7)" in text and "\x1b" not in text
    full = explain.explain(out, "ada", "img_to_patch", full=True)
    for name in (*observed[0], *observed[1]):
        assert f"    {name} " in full
    assert json.loads((out / "run.json").read_text())["secret"] not in text


def test_explain_shows_the_numbers_where_a_right_answer_differs(out, observed):
    text = explain.explain(out, "ada", "img_to_patch")
    found = re.search(r"\n    square +\[2, 16, 48\]: (\d+) of 1536 numbers; the first at \[(\d+), (\d+), (\d+)\]: (\S+), expected (\S+)\n", text)
    seen, place = observed[1]["square"], tuple(map(int, found.groups()[1:4]))
    right = standins.img_to_patch(observed[0]["square"], observed[0]["square.p"])
    assert (seen != right).sum() == int(found[1]) and tuple((seen != right).nonzero()[0].tolist()) == place
    assert (float(found[5]), float(found[6])) == (seen[place].item(), right[place].item())
    assert "gradient.type" not in text  # what is right is not listed


def test_explain_says_what_counts_in_the_gradebook(out):
    assert "counts    2.5 in the gradebook (entered by hand): Nearly." in explain.explain(out, "ada", "attention")
    assert "25% taken off for lateness" in explain.explain(out, "ben", "02")
    assert "enter the points in formgrader" in explain.explain(out, EVIL, "attention_block")


def test_explain_finds_students_and_exercises_that_are_nearly_named(out):
    assert explain.explain(out, "ADA", "Test accuracy") == explain.explain(out, "lovelace", "test-acc")
    assert explain.explain(out, "ada").count("status ") == 4
    for student, exercise, said in (("adda", "", "did you mean ada?"), ("e", "", "could be"), ("zzz", "", "grades.csv"), ("ada", "nothing", "please give one of img_to_patch")):
        with pytest.raises(explain.NotFound, match=said):
            explain.explain(out, student, exercise)
