"""Random damage to the cells of notebooks: intake never fails, no damage earns points, harmless damage costs none."""

import copy
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.assignment import Assignment, is_graded
from autograder.building.notebooks import source_notebook, student_notebook
from autograder.building.sources import COURSE
from autograder.sample_class import CORE, Material
from autograder.submissions import intake, matching, slicing
from helpers import checks

PLAN = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NAMES = {"img_to_patch": "img_to_patch", "attention_block": "AttentionBlock"}
STEMS = CORE[:2]
DAMAGE = ("delete", "duplicate", "shuffle", "strip", "strip all", "empty", "retype", "cut", "spoil", "swap marks", "split", "merge", "move", "borrow", "indent")
HARMLESS = ("delete another", "duplicate", "shuffle", "strip", "strip all", "swap marks", "spoil", "retype another", "own cell")
_scores: dict = {}


@cache  # no fixtures: hypothesis would print them
def material():
    return Material({stem: student_notebook(stem) for stem in CORE}, {stem: source_notebook(stem) for stem in CORE}, COURSE / "tests" / "corpus", Path("nowhere"))


@cache
def assignments():
    return [Assignment(stem, source_notebook(stem), material().releases[stem]) for stem in CORE]


def notebooks(**answers):
    """Notebooks 01 and 02 as JSON data, by stem."""
    return {stem: json.loads(nbformat.writes(material().notebook(stem, **answers))) for stem in STEMS}


def scores(data):
    """Share of the points of each exercise, judged as the grader does it, but for the kernel; nothing may raise on the way."""
    with tempfile.TemporaryDirectory() as folder:
        for stem, notebook in data.items():
            (Path(folder) / f"{stem}.ipynb").write_text(json.dumps(notebook))
        taken = intake.take_in(Path(folder), assignments())
    found = dict.fromkeys(NAMES, 0.0)
    for stem, handed in taken.notebooks.items():
        if handed.found is None:
            continue
        one = next(a for a in assignments() if a.stem == stem)
        rebuilt = matching.rebuild(one, handed.found)
        nbformat.validate(rebuilt)
        assert [(c.source, c.metadata) for c in rebuilt.cells if is_graded(c)] == [(c.source, c.metadata) for c in one.release.cells if is_graded(c)]
        for exercise, answer in handed.found.answers.items():
            assert answer.state in ("attempted", "stub", "unclear")
            if exercise in NAMES and answer.state == "attempted" and slicing.defines(answer.source, NAMES[exercise]) and not slicing.syntax_error(answer.source):
                found[exercise] = judged(exercise, tuple(step.text for step in slicing.needed(handed.found.program, NAMES[exercise], answer.limit)))
    return found


def judged(exercise, texts):
    """Score of the object that these statements define; the same statements are judged once."""
    if (exercise, texts) not in _scores:
        space = {"__name__": "student"}
        for text in texts:
            try:
                exec(text, space)
            except Exception:  # the name stays what it was, as in a notebook
                continue
        thing = space.get(NAMES[exercise])
        _scores[exercise, texts] = getattr(checks, exercise)(thing).score if thing is not None else 0.0
    return _scores[exercise, texts]


def text(one):
    return "".join(one.get("source", ""))


def mark(one):
    own = one.get("metadata", {}).get("nbgrader")
    grade_id = own.get("grade_id") if isinstance(own, dict) else ""
    return grade_id if isinstance(grade_id, str) else ""


def damage(data, kind, number):
    """Damage the cells of one notebook or both; number chooses where."""
    chance = random.Random(number)
    notebook = data[chance.choice(STEMS)]
    cells = notebook["cells"]
    if not cells:
        return
    at = chance.randrange(len(cells))
    one = cells[at]
    others = [cell for cell in cells if mark(cell).removesuffix("_solution") not in NAMES]
    if kind == "delete":
        del cells[at]
    elif kind == "delete another":
        cells.remove(chance.choice([cell for cell in cells if not mark(cell).endswith("_solution") and not any(f"{word} {name}" in text(cell) for name in NAMES.values() for word in ("def", "class"))] or [cells[0]]))
    elif kind == "duplicate":
        cells.insert(chance.randrange(len(cells) + 1), copy.deepcopy(one))
    elif kind == "shuffle":
        chance.shuffle(cells)
    elif kind == "strip":
        one["metadata"] = {}
        one.pop("id", None)
    elif kind == "strip all":
        for cell in cells:
            cell["metadata"] = {}
    elif kind == "empty":
        one["source"] = ""
    elif kind in ("retype", "retype another"):
        (chance.choice(others or cells) if kind != "retype" else one)["cell_type"] = chance.choice(["markdown", "raw", "code", "heading", None])
    elif kind == "cut":
        one["source"] = text(one)[: chance.randrange(400)]
    elif kind == "spoil":
        one["metadata"] = {"nbgrader": chance.choice([None, 3, [], {"grade_id": chance.choice(["img_to_patch", "x", 3, None]), "points": "many"}, {"schema_version": 99}])}
        if mark(one) not in ("", "x"):
            one["metadata"] = {}
    elif kind == "swap marks":
        other = chance.choice(cells)
        one["metadata"], other["metadata"] = other.get("metadata", {}), one.get("metadata", {})
    elif kind == "split":
        lines = text(one).splitlines(keepends=True)
        cut = chance.randrange(len(lines) + 1)
        lower = {**copy.deepcopy(one), "metadata": one.get("metadata", {}) if chance.random() < 0.5 else {}}
        one["source"], lower["source"] = "".join(lines[:cut]), "".join(lines[cut:])
        cells.insert(at + 1, lower)
    elif kind == "merge":
        if at + 1 < len(cells):
            one["source"] = text(one) + "\n" + text(cells.pop(at + 1))
    elif kind == "move":
        data[chance.choice(STEMS)]["cells"].insert(0, cells.pop(at))
    elif kind == "borrow":
        one["metadata"] = copy.deepcopy(chance.choice(cells).get("metadata", {}))
    elif kind == "indent":
        one["source"] = "    " + text(one)
    elif kind == "own cell":
        cells.insert(at, {"cell_type": "code", "metadata": {}, "source": chance.choice(["x = 1", "!pip install x", "raise ValueError", "  y = (", "%matplotlib inline"]), "outputs": []})


plans = st.lists(st.tuples(st.sampled_from(DAMAGE), st.integers(0, 10**6)), min_size=1, max_size=10)


@settings(PLAN, max_examples=40)
@given(plans)
def test_damage_to_right_notebooks_never_fails(plan):
    data = notebooks()
    for kind, number in plan:
        damage(data, kind, number)
    assert all(0 <= score <= 1 for score in scores(data).values())


mistakes = st.sampled_from([("reshape_only", "attends_across_batch"), ("column_major_order", "post_norm"), ("not_implemented", "not_implemented")])


@settings(PLAN, max_examples=40)
@given(plans, mistakes)
def test_damage_to_wrong_notebooks_never_raises_a_score(plan, codes):
    never_raises(plan, codes)


def never_raises(plan, codes):
    answers = {exercise: stub(exercise) if code == "not_implemented" else material().mistake(exercise, code) for exercise, code in zip(NAMES, codes, strict=True)}
    data = notebooks(**answers)
    before = scores(data)
    assert all(score < 1 for score in before.values())
    for kind, number in plan:
        damage(data, kind, number)
    after = scores(data)
    assert all(after[exercise] <= before[exercise] for exercise in NAMES), (before, after)


@pytest.mark.full
@settings(PLAN, max_examples=400)
@given(plans, mistakes)
def test_much_more_of_it(plan, codes):
    never_raises(plan, codes)


def stub(exercise):
    return next(cell.source for stem in STEMS for cell in material().releases[stem].cells if mark(cell) == f"{exercise}_solution")


@settings(PLAN, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(HARMLESS), st.integers(0, 10**6)), max_size=8), st.lists(st.integers(0, 10**6), max_size=3))
def test_damage_that_leaves_the_answers_alone_costs_nothing(plan, cuts):
    data = notebooks()
    for kind, number in plan:
        damage(data, kind, number)
    for number in cuts:  # last, so that the parts stay neighbours
        damage(data, "split", number)
    assert scores(data) == dict.fromkeys(NAMES, 1.0)


@pytest.mark.full
def test_some_of_it_through_the_whole_grader(tmp_path):
    """Wrong notebooks, damaged at random: no more points than undamaged, a row and a status for everything."""
    mistakes = {"img_to_patch": material().mistake("img_to_patch", "column_major_order"), "attention_block": material().mistake("attention_block", "post_norm")}
    for number in range(12):
        data = notebooks(**mistakes)
        for step in range(number):
            damage(data, random.Random(number * 100 + step).choice(DAMAGE), number * 1000 + step)
        for stem, notebook in data.items():
            path = tmp_path / "class" / f"{number:02d}" / f"{stem}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(notebook))
    arguments = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--course", str(COURSE), "--jobs", "2", "--timeout", "10"]
    done = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(COURSE)}, capture_output=True, text=True, timeout=900, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(tmp_path / "out" / "grades.csv", newline="") as file:
        rows = {(row["student"], row["exercise"]): row for row in csv.DictReader(file)}
    assert len(rows) == 12 * 7
    for (_, exercise), row in rows.items():
        assert float(row["points"]) <= float(rows["00", exercise]["points"]) and row["status"], row
