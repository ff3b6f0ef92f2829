"""Mutants of every correct cell: what an independent oracle finds broken, the check rejects.

`make test` takes a few mutants of each file, chosen by the file's name; MUTANTS=all takes every one.
"""

import os
import random

import pytest

from helpers import NAMES, checks
from helpers.checks.run import bounded
from tests import corpus, mutants
from tests.corpus import oracle, oracle_lessons, oracle_vit

ORACLES = {"img_to_patch": oracle.img_to_patch, "attention_block": oracle.attention_block,
           "vision_transformer": oracle_vit.vision_transformer, "lit_vit": oracle_vit.lit_vit,
           **{exercise: getattr(oracle_lessons, exercise) for exercise in checks.LESSONS}}
SAMPLE = {"img_to_patch": 6, "attention_block": 3, "vision_transformer": 2, "lit_vit": 3, **dict.fromkeys(checks.LESSONS, 3)}
CELLS = [cell for exercise in (*checks.EXERCISES, *checks.LESSONS) for cell in corpus.cells(exercise) if cell.correct]


def chosen(cell):
    found = list(mutants.mutants(cell.path.read_text(encoding="utf-8"), NAMES.get(cell.exercise, cell.exercise)))
    if os.environ.get("MUTANTS") != "all":
        random.Random(cell.name).shuffle(found)
        found = found[:SAMPLE[cell.exercise]]
    return found


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_broken_mutants_are_rejected(cell):
    tried = chosen(cell)
    assert tried
    for label, source in tried:
        obj, error = bounded(lambda: corpus.load(cell.exercise, source))
        if error is not None or obj is None:
            continue
        report = getattr(checks, cell.exercise)(obj, seed=3)
        if report.passed:
            broken, error = bounded(lambda: ORACLES[cell.exercise](obj), limit=60)
            assert error is None and not broken, f"accepted although broken: {label}: {broken or error}"
