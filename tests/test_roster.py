"""The roster says who is missing and what is late; nbgrader's own plugin takes the points away."""

from datetime import datetime, timedelta, timezone

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin

from autograder.assignment import load
from autograder.building.notebooks import source_notebook
from autograder.judging.verdicts import Verdict
from autograder.records.course import Course
from autograder.submissions import lateness, roster
from autograder.submissions.lms import LATE_AT_LEAST, Student
from autograder.submissions.matching import rebuild
from autograder.submissions.roster import BadRoster

STEM = "02_attention_block"
DUE = datetime(2026, 11, 20, 23, 59, 59, tzinfo=timezone.utc)


class HalfADay(LateSubmissionPlugin):
    """A policy of a course: half a point a day."""

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * total_seconds_late / 86_400


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return roster.read(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("student,name,email\nanna,Anna Ax,a@x.org\nbob,Bob Bé,\n", "utf-8"),
        ("Student ID;Full name;E-Mail\nanna;Anna Ax;a@x.org\nbob;Bob Bé;\n", "utf-8-sig"),
        ("id\tname\temail address\r\n\r\nanna\tAnna Ax\ta@x.org\r\nbob\tBob Bé\t\r\n", "utf-16"),
        ('"ID","First name","Surname","Mail"\n"anna","Anna","Ax","a@x.org"\n"bob","Bob","Bé",""\n', "cp1252"),
        ("Student,ID,SIS User ID,Section\nPoints Possible,,,\nAnna Ax,anna,1,s\nBob Bé,bob,2,s\n", "utf-8"),  # Canvas' gradebook
    ],
)
def test_headers_separators_and_encodings(tmp_path, text, encoding):
    assert [(entry.id, entry.name) for entry in read(tmp_path, text, encoding)] == [("anna", "Anna Ax"), ("bob", "Bob Bé")]


def test_a_moodle_grading_worksheet(tmp_path):
    text = 'Identifier,Full name,Email address,Status,Grade,"Last modified (submission)"\nParticipant 101,Ada Lovelace,a@x.org,Submitted,,"Friday, 20 November 2026, 5:30 PM"\nParticipant 102,Bob,b@x.org,No submission,,-\n'
    ada, bob = read(tmp_path, text)
    assert (ada.id, ada.lms_id, ada.submitted) == ("101", "101", datetime(2026, 11, 20, 17, 30, tzinfo=timezone.utc))
    assert bob.submitted is None


@pytest.mark.parametrize(
    ("due", "extension", "wanted"),
    [
        ("2026-11-20", "", DUE), ("20.11.2026 23:59:59", "", DUE), ("2026-11-21T00:59:59+01:00", "", DUE), ("2026-11-20 23:59:59 UTC", "0", DUE),
        ("2026-11-20", "2 days", DUE + timedelta(days=2)), ("2026-11-20", "1,5", DUE + timedelta(hours=36)), ("2026-11-20", "36h", DUE + timedelta(hours=36)),
        ("2026-11-19", "2026-11-20", DUE), ("", "2026-11-20", DUE), ("", "", None),
    ],
)  # fmt: skip
def test_due_times_and_extensions(tmp_path, due, extension, wanted):
    assert read(tmp_path, f'id,due,extension\nanna,"{due}","{extension}"\n')[0].due == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"), ("name,mail\nAnna,a@x.org\n", "no column for the students' ids"), ("id,name\n", "names no student"),
        ("id,name\nanna,A\n,Bob\n", "Line 3 of the roster roster.csv has no id"), ("id\nanna\nbob\nanna\n", "Line 4 .* names anna again .first on line 2."),
        ("id,due\nanna,11/20/2026\n", "Line 2 .* '11/20/2026' in the column due is no time"), ("id,due,extension\nanna,,2 days\n", "Line 2 .* no due time"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence_with_the_line(tmp_path, text, said):
    with pytest.raises(BadRoster, match=said) as caught:
        read(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1


def test_a_roster_that_is_not_there(tmp_path):
    with pytest.raises(BadRoster, match="cannot be read"):
        roster.read(tmp_path / "none.csv")


def test_joining(tmp_path):
    text = "id,name,lms id,email\nanna,Anna Ax,,\nbob,Bob Bé,102,\ncleo,Cleo von Dee,,\ndora,Dora Ee,,d@x.org\nEMIL,Emil,,\ngone,Gone Girl,,\n"
    found = [
        Student("anna", tmp_path / "1"),
        Student("102", tmp_path / "2", "Bob B", lms_id="102"),
        Student("103", tmp_path / "3", "vondeecleo", lms_id="103", late_seconds=LATE_AT_LEAST),
        Student("d@x.org", tmp_path / "4"),
        Student("emil", tmp_path / "5"),
        Student("stranger", tmp_path / "6"),
    ]
    joined, notes = roster.join(found, read(tmp_path, text), tmp_path / "scratch")
    by_id = {student.id: student for student in joined}
    assert {one: student.folder.name for one, student in by_id.items()} == {"anna": "1", "bob": "2", "cleo": "3", "dora": "4", "EMIL": "5", "gone": "00005", "stranger": "6"}
    assert by_id["cleo"].late_seconds == LATE_AT_LEAST and by_id["gone"].folder.is_dir() and not list(by_id["gone"].folder.iterdir())
    assert notes == ["stranger is not on the roster; the submission was graded all the same."]


def test_two_students_of_one_name_are_not_guessed(tmp_path):
    found = [Student("1", tmp_path, "Kim Lee"), Student("2", tmp_path, "Kim Lee")]
    joined, notes = roster.join(found, read(tmp_path, "id,name\na,Kim Lee\nb,Lee Kim\n"), tmp_path / "scratch")
    assert [student.id for student in joined] == ["1", "2", "a", "b"] and len(notes) == 2


def test_lateness_comes_from_roster_and_lms(tmp_path):
    text = "id,due,extension,submitted\non time,2026-11-20,,2026-11-20 20:00\nlate,2026-11-20,,2026-11-21 23:59:59\nlonger,2026-11-20,2 days,2026-11-22 12:00\nunknown,2026-11-20,,\n"
    joined, _ = roster.join([Student("unknown", tmp_path)], read(tmp_path, text), tmp_path / "scratch")
    assert {student.id: student.late_seconds for student in joined} == {"on time": 0, "late": 86_400, "longer": 0, "unknown": None}
    found = lateness.of_class(joined)
    assert {late.due for late in found.values()} == {DUE}
    assert found["longer"].extension == 2 * 86_400 and found["unknown"].submitted is None


@pytest.mark.parametrize("name", ["nowhere:Policy", "json:loads", "tests.test_roster:DUE", "often"])
def test_an_unknown_policy_is_one_sentence(name):
    with pytest.raises(lateness.BadPolicy) as caught:
        lateness.policy(name)
    assert name in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A course directory with notebook 02 in it."""
    folder = tmp_path_factory.mktemp("course") / "out"
    Course(folder).prepare({STEM: source_notebook(STEM)})
    return folder


@pytest.mark.parametrize(
    ("policy", "seconds", "penalty"),
    [("none", 86_400, None), ("zero", 86_400, 3.0), ("zero", 0, None), ("tests.test_roster:HalfADay", 86_400, 0.5), ("tests.test_roster:HalfADay", 8_640_000, 3.0), ("zero", None, None)],
)
def test_the_penalty_is_nbgraders_own(out, policy, seconds, penalty):
    """A plugin of nbgrader's kind takes the points away, in nbgrader's gradebook."""
    course, one, student = Course(out, lateness.policy(policy)), load(out, STEM), f"{policy[-4:]} {seconds}"
    late = lateness.of_class([Student(student, out, due=DUE, late_seconds=seconds, submitted_at=None if seconds is None else DUE - timedelta(days=1))])[student]
    course.record(student, student, one, nbformat.writes(rebuild(one, None)), [Verdict("attention_block", 3.0, 3.0, "graded")], late=late)
    with Gradebook(course.url) as book:
        notebook = book.find_submission_notebook(STEM, STEM, student)
        assert (notebook.score, notebook.late_submission_penalty) == (3.0, penalty)
        assert book.find_submission(STEM, student).total_seconds_late == (seconds or 0)
