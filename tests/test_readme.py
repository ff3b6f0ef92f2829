"""README is true where a machine can tell: its length, its numbers, its commands."""

import re

from tests.benchmarks import table

TEXT = table.README.read_text(encoding="utf-8")
ROOT = table.README.parent


def test_short_enough_to_be_read():
    assert len(TEXT.splitlines()) < 120


def test_results_are_the_recorded_ones():
    assert table.rows(), "no recorded measurement"
    assert table.readme(TEXT) == TEXT, "run: python -m tests.benchmarks.table"


def test_every_recorded_number_names_its_command_and_machine():
    for row in table.rows():
        assert row["command"].startswith("python -m tests.benchmarks.") and row["machine"]["cpu"] and row["versions"]["torch"]


def test_make_targets_and_paths_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)\b", TEXT):
        assert re.search(rf"^{target}:", makefile, re.M), f"make {target}"
    for path in re.findall(r"`((?:solutions|helpers|tests|autograder|notebooks)/[\w/.]*)`", TEXT):
        if "NN" not in path:
            assert (ROOT / path).exists(), path
