"""Every correct file of the corpus passes its check; every wrong file fails with its diagnosis first."""

import pytest

from helpers import checks
from helpers.checks.lessons import bugs
from tests import corpus

CELLS = [cell for exercise in (*checks.EXERCISES, *checks.LESSONS, *bugs.NAMES) for cell in corpus.cells(exercise)]
SEEDS = (0, 20211)  # both for right cells; a wrong one is asked with one of them, half of the cells with each


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_verdict(cell):
    obj = cell.load()
    for seed in SEEDS if cell.correct else SEEDS[len(cell.name) % 2:][:1]:
        given = checks.inputs(cell.exercise, seed)
        seen = checks.observe(cell.exercise, obj, checks.unpack(checks.pack(given)))
        report = checks.judge(cell.exercise, checks.unpack(checks.pack(seen)), given, picture=False)
        if cell.correct:
            assert report.passed and report.score == 1.0 and report.codes == (), str(report)
        else:
            assert not report.passed and report.score < 1.0, "a wrong cell passed"
            assert 1 <= len(report.codes) <= 2 and report.messages, str(report)
            if cell.codes != ("unknown",):
                assert report.codes[0] == cell.codes[0], str(report)


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_corpus_covers_the_contract(exercise):
    from helpers.checks.messages import GENERAL, SAYINGS

    cells = corpus.cells(exercise)
    assert sum(cell.correct for cell in cells) >= 12
    general = {"img_to_patch": {"wrong_shape", "not_implemented", "raises"}, "lit_vit": {"not_implemented", "raises"}}
    codes = set(SAYINGS[exercise]) | general.get(exercise, {"wrong_shape", "not_implemented", "raises"})
    assert codes - set(SAYINGS[exercise]) <= set(GENERAL)
    for code in codes:
        assert sum(cell.codes[:1] == (code,) for cell in cells) >= 2, f"fewer than two wrong files for {code}"


def test_a_position_mistake_costs_the_positions_alone():
    """The contract's point rule: a pos_* code costs the second point, a class-token code the first."""
    token = {"mean_pool", "reads_wrong_token"}
    for cell in corpus.cells("vision_transformer"):
        one = len(cell.codes) == 1 and (cell.codes[0] in token or cell.codes[0].startswith(("pos_", "cls_")))
        if one and not cell.codes[0].endswith(("not_sliced", "per_image")):
            assert checks.vision_transformer(cell.load()).score == 0.5, cell.name


@pytest.mark.parametrize("exercise", checks.LESSONS)
def test_corpus_covers_the_codes_of_the_lessons(exercise):
    """Every code of its own is shown by a wrong file."""
    from helpers.checks.messages import SAYINGS

    cells = corpus.cells(exercise)
    assert sum(cell.correct for cell in cells) >= 12
    shown = {code for cell in cells for code in cell.codes[:1]}
    assert (set(SAYINGS[exercise]) | {"not_implemented", "raises"}) - shown == set()
