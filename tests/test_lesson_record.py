"""The recorder of the lessons' results: derived numbers, parallel runs, whole files, and the validator."""

import json
import multiprocessing
import os
import statistics

import pytest

from tests.benchmarks.lessons import record


def result(seed=0, accuracy=70.0, **changes):
    return {
        "dataset": "CIFAR-10", "model": "plain ViT", "parameters": 1000, "epochs": 8, "seed": seed, "accuracy": accuracy, "val_accuracy": 71.0,
        "seconds": 600.0, "device": "a CPU, 1 thread", "versions": {"torch": "2.6"}, "command": "python -m x --row plain", "published": 14.81, "target": 70.0,
        "note": "Processor time.", "curve": {"val_acc": [0.5, 0.7]}, **changes,
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.json"


def test_one_seed_has_a_mean_and_no_deviation(path):
    row = record.add("09/plain", result(), path)
    assert (row["accuracy_mean"], row["accuracy_std"], row["seeds"], row["seconds"]) == (70.0, None, [0], 600.0)
    assert record.read(path) == [row] and record.validate([row]) == []


def test_more_seeds_and_a_seed_again(path):
    for seed, accuracy in ((2, 71.0), (0, 70.0), (1, 73.0), (0, 72.0)):
        row = record.add("09/plain", result(seed, accuracy, seconds=500.0 + seed), path)
    assert row["seeds"] == [0, 1, 2] and row["accuracies"] == [72.0, 73.0, 71.0] and row["seconds_each"] == [500.0, 501.0, 502.0]
    assert row["accuracy_mean"] == 72.0 and row["accuracy_std"] == pytest.approx(statistics.stdev([72, 73, 71])) and row["seconds"] == 501.0


@pytest.mark.parametrize("changed", [{"epochs": 9}, {"parameters": 1001}, {"dataset": "CIFAR-10 (JPEG copy)"}, {"model": "another"}, {"device": "a GPU"}])
def test_another_configuration_begins_the_row_anew(path, changed):
    record.add("09/plain", result(0, 60.0), path)
    row = record.add("09/plain", result(1, 72.0, **changed), path)
    assert row["seeds"] == [1] and row["accuracy_mean"] == 72.0 and row["target"] == 70.0


def test_a_declared_row_is_not_measured_and_then_is(path):
    row = record.declare("09/plain", "CIFAR-10", "plain ViT", "python -m x", epochs=8, target=70.0, note="Processor time.", path=path)
    assert row["accuracy_mean"] is None and row["seeds"] == [] and row["note"] == "not measured.  Processor time."
    assert record.add("09/plain", result(accuracy=71.0), path)["note"] == "Processor time."
    again = record.declare("09/plain", "CIFAR-10", "plain ViT", "python -m x", epochs=8, target=72.0, note="Other words.", path=path)
    assert again["accuracy_mean"] == 71.0 and again["note"].startswith("Falls 1.00 points short of the target of 72 %.") and again["note"].endswith("Other words.")


@pytest.mark.parametrize(
    ("accuracy", "said"), [(17.0, "Reproduced: 2.19 points from the published number."), (70.0, "Not reproduced: 55.19 points from the published number.")]
)
def test_a_row_that_reproduces_says_whether_the_number_came_out(path, accuracy, said):
    row = record.add("09/form", result(accuracy=accuracy, target=None, reproduces=True), path)
    assert row["note"] == f"{said}  Processor time." and record.validate([row]) == []
    again = record.declare("09/form", "CIFAR-10", "plain ViT", "python -m x", published=14.81, note="Other words.", reproduces=True, path=path)
    assert again["note"] == f"{said}  Other words."


def test_a_missed_target_is_said_and_the_sentence_goes_when_it_is_met(path):
    row = record.add("09/plain", result(accuracy=68.756), path)
    assert row["note"] == "Falls 1.25 points short of the target of 70 %.  Processor time."
    row = record.add("09/plain", result(accuracy=70.2), path)
    assert row["note"] == "Processor time."


def _add(path, seed):
    record.add("09/plain", result(seed, 60.0 + seed), path)


def test_runs_that_end_together_lose_nothing(path):
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=_add, args=(path, seed)) for seed in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(30)
    (row,) = record.read(path)
    assert row["seeds"] == list(range(8)) and row["accuracy_mean"] == 63.5


def test_a_full_disk_leaves_the_file_as_it_was(path, monkeypatch):
    record.add("09/plain", result(), path)
    before = path.read_bytes()

    def full(source, target):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        record.add("09/plain", result(1), path)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in path.parent.iterdir()) in (["results.json"], ["results.json", "results.json.lock"])


def broken(change):
    row = {**record._empty("09/plain", "CIFAR-10", "plain ViT", 8, "python -m x"), "note": "not measured."}
    assert record.validate([row]) == []
    row |= {"seeds": [0, 1], "accuracies": [70.0, 72.0], "val_accuracies": [None, None], "seconds_each": [1.0, 3.0], "curves": [{}, {}], "accuracy_mean": 71.0,
            "accuracy_std": 1.414, "seconds": 2.0, "parameters": 5, "device": "a CPU", "versions": {"torch": "2.6"}, "target": 70.0, "note": ""}
    assert record.validate([row]) == []
    change(row)
    return record.validate([row])


@pytest.mark.parametrize(("change", "says"), [
    (lambda row: row.pop("device"), "other fields"),
    (lambda row: row.update(extra=1), "other fields"),
    (lambda row: row.update(parameters="5"), "wrong type"),
    (lambda row: row.update(accuracies=[70.0]), "differ in length"),
    (lambda row: row.update(seeds=[1, 0]), "not in order"),
    (lambda row: row.update(seeds=[0, 0]), "twice"),
    (lambda row: row.update(accuracy_mean=71.5), "do not follow"),
    (lambda row: row.update(accuracy_std=None), "do not follow"),
    (lambda row: row.update(seconds=3.0), "do not follow"),
    (lambda row: row.update(accuracies=[0.7, 142.0], accuracy_mean=71.35, accuracy_std=99.914), "between 0 and 100"),
    (lambda row: row.update(device=None), "on what and how"),
    (lambda row: row.update(target=99.0), "misses its target"),
    (lambda row: row.update(seeds=[], accuracies=[], val_accuracies=[], seconds_each=[], curves=[], accuracy_mean=None, accuracy_std=None, seconds=None), "not measured"),
])
def test_what_is_wrong_is_named(change, says):
    complaints = broken(change)
    assert complaints and says in complaints[0], complaints


def test_a_row_twice_and_no_list_are_named():
    row = {**record._empty("a", "b", "c", None, "d"), "note": "not measured"}
    assert any("more than once" in text for text in record.validate([row, row]))
    assert record.validate({}) and record.validate(["row"])


def test_a_damaged_file_is_one_sentence_and_is_not_overwritten(path):
    path.write_text("[{", encoding="utf-8")
    with pytest.raises(record.RecordError, match="git"):
        record.add("09/plain", result(), path)
    assert path.read_text() == "[{"


def test_the_recorded_results_are_valid():
    rows = record.read()
    assert record.validate(rows) == []
    for row in rows:
        assert "/tmp" not in json.dumps(row) and "/work" not in json.dumps(row), row["row"]
