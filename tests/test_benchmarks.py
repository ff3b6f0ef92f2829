"""The benchmarks run, print what they promise, and record whole files."""

import json

import pytest
import torch

from helpers import data
from tests.benchmarks import grading, mnist, original, pipelines, record, table, verdicts


@pytest.fixture(autouse=True)
def small_set(monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")


def last_line(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.filterwarnings("ignore")
def test_mnist_prints_one_json_object_last(capsys):
    mnist.main(["--patch-size", "7", "--profile", "smoke", "--epochs", "1", "--seed", "3"])
    result = last_line(capsys)
    assert {"test_accuracy", "parameters", "epochs", "epoch_seconds", "device", "versions"} <= set(result)
    assert result["epochs"] == 1 and result["seed"] == 3 and result["data"] == "MNIST-5k"
    assert 0 <= result["test_accuracy"] <= 1 and result["epoch_seconds"] > 0
    assert result["versions"]["torch"] == torch.__version__


@pytest.mark.filterwarnings("ignore")
def test_the_model_at_patch_4_has_the_parameters_that_the_course_prints(capsys):
    mnist.main(["--patch-size", "4", "--profile", "smoke", "--epochs", "1"])
    assert last_line(capsys)["parameters"] == 105_482


@pytest.mark.filterwarnings("ignore")
def test_pipelines_time_the_same_digits_both_ways(capsys):
    pipelines.main(["--patch-size", "7", "--images", "256", "--rounds", "1"])
    result = last_line(capsys)
    assert result["times_faster"] == pytest.approx(result["original_epoch_seconds"] / result["our_epoch_seconds"], rel=0.05)
    assert result["images_per_round"] == 256


def test_the_yardstick_reads_pil_digits_and_is_the_original_size():
    digits = data.digits()
    x, y = next(iter(original.loader(digits, 200, workers=0)))
    assert x.shape == (128, 1, 28, 28) and x.dtype == torch.float32 and y.shape == (128,)
    lit = original.OriginalLitViT(4)
    assert lit(x).shape == (128, 10)
    assert sum(parameter.numel() for parameter in lit.parameters()) == 106_122  # as published


def test_rows_are_appended_and_the_file_is_never_half_written(tmp_path):
    path = tmp_path / "results.json"
    record.append("a", "python -m a", {"x": 1}, path)
    record.append("b", "python -m b", {"x": 2}, path, note="quiet machine")
    rows = json.loads(path.read_text())
    assert [row["benchmark"] for row in rows] == ["a", "b"] and rows[1]["note"] == "quiet machine"
    assert all({"date", "command", "machine", "versions", "result"} <= set(row) for row in rows)
    before = path.read_text()
    with pytest.raises(TypeError):
        record.append("c", "python -m c", {"x": object()}, path)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_grading_names_every_score_that_is_not_the_same():
    one = {("ada", "img_to_patch"): 2.0, ("ben", "img_to_patch"): 4 / 3, ("eve", "lit_vit"): 0.0}
    assert grading.differences(one, {**one, ("ben", "img_to_patch"): 1.3333}) == []
    assert grading.differences(one, {**one, ("ben", "img_to_patch"): 1.3}) == [f"ben, img_to_patch: stock {4 / 3}, ours 1.3"]
    assert grading.differences(one, {("ada", "img_to_patch"): 2.0, ("ben", "img_to_patch"): None}) == [
        f"ben, img_to_patch: stock {4 / 3}, ours None",
        "eve, lit_vit: stock 0.0, ours None",
    ]


def test_a_row_of_grading_leaves_the_table_of_accuracies_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    record.append("mnist", "python -m a", {"data": "MNIST", "patch_size": 4, "epochs": 1, "parameters": 1, "test_accuracy": 0.5}, path)
    monkeypatch.setattr(table, "RESULTS", path)
    before = table.table()
    record.append("grading", "python -m tests.benchmarks.grading --work DIR", {"times_faster": 20}, path)
    assert table.table() == before


def test_verdicts_counts_those_that_chance_turns(capsys):
    verdicts.main(["--exercise", "vit_cost", "--verdicts", "3"])
    result = last_line(capsys)
    assert result["vit_cost"]["correct"] == {"cells": result["vit_cost"]["correct"]["cells"], "verdicts": 3, "turned": []}
    assert result["vit_cost"]["wrong"]["verdicts"] == 3 and not result["vit_cost"]["wrong"]["turned"]
    assert "lit_vit" in verdicts.exercises() and "submissions" not in verdicts.exercises()
