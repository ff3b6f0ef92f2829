"""The cells whose outputs `pytest --nbval` does not compare: a list, so that it cannot grow unnoticed.

Each is here because its output depends on profile, data source, device, versions or time.
"""

import re

import nbformat
import pytest

from autograder.assignment import EVIDENCE
from autograder.building.notebooks import source_notebook
from autograder.building.sources import COURSE, stems

NOT_COMPARED = {
    "01_patches": [
        "01_patches-01",  # self-check of the machine
        "01_patches-04",  # data source
    ],
    "02_attention_block": [
        "02_attention_block-01",  # self-check of the machine
        "02_attention_block-04",  # what was carried over
        "02_attention_block-05",  # data source
    ],
    "03_vision_transformer": [
        "03_vision_transformer-01",  # self-check of the machine
        "03_vision_transformer-03",  # what was carried over
    ],
    "04_training": [
        "04_training-01",  # self-check of the machine
        "04_training-03",  # what was carried over
        "04_training-05",  # data source and profile
        "04_training-20",  # training: progress bars, rates, last digits
        "04_training-32",  # test accuracy: profile
        "04_training-34",  # evidence: profile
        "test_accuracy",  # points for the evidence: the smoke profile earns none
        "train_curve",
        "val_curve",
        "04_training-39",  # hand-in: what a run leaves behind
    ],
    "05_bug_hunt": [
        "05_bug_hunt-01",  # self-check of the machine
        "05_bug_hunt-03",  # what was carried over
        "05_bug_hunt-04",  # data source and profile
    ],
    "06_cnn_vs_vit": [
        "06_cnn_vs_vit-01",  # self-check of the machine
        "06_cnn_vs_vit-03",  # what was carried over
        "06_cnn_vs_vit-07",  # seconds
        "06_cnn_vs_vit-10",  # data source and profile
        "06_cnn_vs_vit-12",  # training: time on an axis, last digits
        "06_cnn_vs_vit-15",  # whether the clothes are here
        "06_cnn_vs_vit-17",  # seconds and accuracies
        "06_cnn_vs_vit-24",  # figures of trained models: last digits
        "06_cnn_vs_vit-26",
        "06_cnn_vs_vit-28",
        "06_cnn_vs_vit-31",
        "06_cnn_vs_vit-34",
        "06_cnn_vs_vit-41",
        "06_cnn_vs_vit-43",
        "06_cnn_vs_vit-45",
    ],
    "07_patch_size": [
        "07_patch_size-01",  # self-check of the machine
        "07_patch_size-03",  # what was carried over
        "07_patch_size-05",  # whether the clothes are here, and profile
        "07_patch_size-18",  # whose model it is
        "07_patch_size-22",  # seconds
        "07_patch_size-26",  # training: seconds and last digits
        "07_patch_size-35",
        "07_patch_size-37",
        "07_patch_size-43",
        "07_patch_size-45",  # profile
    ],
    "08_transfer": [
        "08_transfer-01",  # self-check of the machine
        "08_transfer-06",  # data source and profile
        "08_transfer-17",  # times and accuracy
        "08_transfer-21",  # readers: data source
        "08_transfer-24",  # cuts: profile
        "08_transfer-30",  # few labels: profile
        "08_transfer-39",  # decay: profile
        "08_transfer-41",  # test accuracy: profile
        "08_transfer-44",  # ViT-B/16: device and network
    ],
    "09_cifar10": [
        "09_cifar10-01",  # self-check of the machine
        "09_cifar10-03",  # what was carried over
        "09_cifar10-05",  # data source
        "09_cifar10-06",  # pictures: data source
        "09_cifar10-08",  # a warning of torch: version
        "09_cifar10-11",  # one-batch test: data source and profile
        "09_cifar10-27",  # four questions: data source and profile
        "09_cifar10-30",  # augmented pictures: data source
        "09_cifar10-32",  # speed of 16 bits: time
        "09_cifar10-36",  # ladder: profile, time
        "09_cifar10-38",  # table of the ladder: profile, time
        "09_cifar10-40",  # gaps: profile
        "09_cifar10-42",  # four classes: profile, time
        "09_cifar10-44",  # test accuracy: profile
        "09_cifar10-46",  # long run: only where it is switched on
    ],
    "10_look_inside": [
        "10_look_inside-01",  # self-check of the machine
        "10_look_inside-03",  # what was carried over
        "10_look_inside-05",  # whose model it is
        "10_look_inside-06",  # accuracy: profile
        "10_look_inside-19",  # likeness of positions: profile
        "10_look_inside-25",  # switches: profile, time
        "10_look_inside-26",  # longest tokens: profile
    ],
}
PER_CELL = {"nbval-ignore-output", "nbval-check-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}


def test_every_notebook_is_listed():
    assert tuple(NOT_COMPARED) == stems()


@pytest.mark.parametrize("stem", NOT_COMPARED)
def test_only_the_listed_cells_are_not_compared(stem):
    for notebook in (source_notebook(stem), nbformat.read(COURSE / "solutions" / f"{stem}.ipynb", as_version=4)):
        marked = [cell.id for cell in notebook.cells if "nbval-ignore-output" in cell.metadata.get("tags", [])]
        assert marked == NOT_COMPARED[stem]


@pytest.mark.parametrize("stem", NOT_COMPARED)
def test_no_cell_is_skipped_or_may_raise(stem):
    for cell in source_notebook(stem).cells:
        assert set(cell.metadata.get("tags", [])) & PER_CELL <= {"nbval-ignore-output"}
        assert not re.search(r"^\s*#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source, re.M), "mark it with a tag, so that this test sees it"


@pytest.mark.parametrize("stem", NOT_COMPARED)
def test_graded_cells_and_checks_are_compared(stem):
    for cell in source_notebook(stem).cells:
        if (cell.metadata.get("nbgrader", {}).get("grade") and cell.id not in EVIDENCE) or cell.source.startswith("checks."):
            assert cell.id not in NOT_COMPARED[stem]


def test_the_stored_run_earned_full_marks():
    for stem in stems():
        for cell in nbformat.read(COURSE / "solutions" / f"{stem}.ipynb", as_version=4).cells:
            meta = cell.metadata.get("nbgrader", {})
            if meta.get("grade") and cell.cell_type == "code":
                assert float(cell.outputs[-1]["data"]["text/plain"]) == meta["points"], cell.id
            texts = [output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])]
            assert not any("[TRY AGAIN]" in text for text in texts if isinstance(text, str)), f"{cell.id}: a check of the solution did not pass"
