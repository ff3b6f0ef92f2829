"""README is true where a machine can tell: its length, its numbers, its commands."""

import re

import pytest

from tests.benchmarks import table
from tests.benchmarks.lessons import record
from tests.benchmarks.lessons import table as lessons

TEXT = table.README.read_text(encoding="utf-8")
ROOT = table.README.parent


def test_short_enough_to_be_read():
    written = re.sub(r"<!-- (\w+): begin -->\n.*?<!-- \1: end -->\n", "", TEXT, flags=re.S)  # tables are looked up, not read
    assert len(written.splitlines()) < 100 and len(TEXT.splitlines()) < 140


def test_results_are_the_recorded_ones():
    assert table.rows(), "no recorded measurement"
    assert table.readme(TEXT) == TEXT, "run: python -m tests.benchmarks.table"


def test_published_against_ours_is_what_results_json_says():
    assert record.read(), "no rows"
    assert lessons.readme(TEXT) == TEXT, "run: python -m tests.benchmarks.lessons.table"


def test_every_published_number_and_every_target_of_the_lessons_stands_in_the_table():
    shown = lessons.table().splitlines()
    for row in record.read():
        if row["published"] is not None or row["target"] is not None:
            assert any(row["model"] in line and (row["target"] is None or f"| {row['target']:g} |" in line) for line in shown), row["row"]


@pytest.mark.parametrize("path", lessons.sources(), ids=lambda path: path.stem)
def test_the_recorded_runs_in_a_lesson_are_those_of_the_record(path):
    text = path.read_text(encoding="utf-8")
    assert lessons.lesson(text, path.stem) == text, "run: python -m tests.benchmarks.lessons.table"
    assert sum(row["row"].startswith(f"{path.stem}/") for row in record.read()) == sum(line.startswith("# | ") for line in text.split(lessons.MARK)[1].split("<!--")[0].splitlines()) - 2


def test_the_table_of_the_lessons_follows_the_record(tmp_path):
    path = tmp_path / "results.json"
    for name, target in (("09_cifar10/plain", 70.0), ("08_transfer/scratch_10", None), ("08_transfer/fine_tuned_10", None)):
        record.declare(name, "CIFAR-10", name, "python -m x", epochs=8, published=None, target=target, note="Small. Long | words.", path=path)
    assert "| 09 | CIFAR-10: 09_cifar10/plain, 8 epochs |  | not measured | 70 |  | Small. |" in lessons.table(record.read(path))
    assert "above scratch" in lessons.table(record.read(path)) and "scratch_10, 8" not in lessons.table(record.read(path))
    found = {"dataset": "CIFAR-10 (JPEG copy)", "model": "ViT", "parameters": 9, "epochs": 8, "val_accuracy": 69.0, "device": "a CPU, 1 thread",
             "versions": {"torch": "2.6"}, "command": "python -m x"}
    record.add("08_transfer/scratch_10", found | {"seed": 0, "accuracy": 61.0, "seconds": 10.0}, path)
    for seed, accuracy in ((0, 68.0), (1, 69.0)):
        record.add("09_cifar10/plain", found | {"seed": seed, "accuracy": accuracy, "seconds": 1200.4}, path)
    shown = lessons.table(record.read(path))
    said = "a CPU, 1 thread; Falls 1.50 points short of the target of 70 %. Small."
    assert f"| 09 | CIFAR-10 (JPEG copy): ViT, 8 epochs |  | **68.50** ± 0.71 (2) | 70 | 1,200 | {said} |" in shown
    assert "| not measured | scratch: 61.00 |" in shown
    text = "a\n<!-- lessons: begin -->\nold\n<!-- lessons: end -->\nb\n"
    assert lessons.readme(text, record.read(path)) == f"a\n<!-- lessons: begin -->\n{shown}\n<!-- lessons: end -->\nb\n"


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
