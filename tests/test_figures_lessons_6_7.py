"""The figures of notebooks 06 and 07: each is drawn without a warning, says what was measured, and has its words on every axis."""

import pytest
import torch

from helpers.figures import fight, patch_size
from tests.figures import texts, written

pytestmark = pytest.mark.filterwarnings("error::UserWarning")
CLASSES = tuple("0123456789")


def drawn(figure, *expected, axes=True):
    """The figure's words; it is a Figure that can be saved, and every plain axis is labelled."""
    assert written(figure)
    shown = texts(figure)
    for text in expected:
        assert text in shown, f"{text!r} is missing in {shown!r}"
    if axes:
        plain = [ax for ax in figure.axes if ax.get_xticks().size and not ax.images]
        assert plain and all(ax.get_xlabel() for ax in plain) and any(ax.get_ylabel() for ax in plain)
    return shown


def test_curves_of_two_models():
    curve = {"images": [100, 200], "seconds": [1.0, 2.0], "train_loss": [2.0, 1.0], "val_loss": [1.5, 0.5], "val_accuracy": [0.5, 0.9]}
    drawn(fight.curves({"CNN": curve, "ViT": curve}, "MNIST: equal time"), "MNIST: equal time", "training images seen (thousands)", "time spent on training (s)", "cross-entropy (nats)")


def test_confusions_and_scores():
    matrix = torch.diag(torch.full((10,), 5))
    matrix[3, 5] = 2
    drawn(fight.confusions({"CNN": matrix, "ViT": matrix}, CLASSES, "what is taken for what"), "50 of 52 right", "true class", "predicted class", axes=False)
    parts = [torch.rand(10) for _ in range(3)]
    drawn(fight.scores({"CNN": parts, "ViT": parts}, CLASSES, "class by class"), "precision (%)", "recall (%)", "F1 (%)")
    assert "the check" in texts(fight.scores({"CNN": [1.0, 1.0, 1.0], "ViT": parts}, CLASSES, "class by class"))  # a note, not a traceback


def test_sizes_shift_bars_and_company_show_their_standard_errors():
    drawn(fight.sizes({"CNN": [0.5, 0.9], "ViT": [0.3, 0.8]}, [100, 10_000], 1000), "10,000", "bars: plus and minus two standard errors for 1,000 images", "guessing")
    drawn(fight.shift({"CNN, trained on moved": [0.9, 0.5], "ViT, trained on centred": [0.8, 0.1]}, (0, 8), 500), "shift (pixels", "ink may leave the picture")
    drawn(fight.bars({"CNN": {"whole": 0.9, "7 px": 0.2}, "ViT": {"whole": 0.8, "7 px": 0.3}}, 500, "Who can read it?", "squares"), "whole", "7 px", "squares")
    drawn(fight.company({"CNN": [0.1, 0.9], "ViT": [0.8, 0.8]}, {"CNN": 0.95, "ViT": 0.8}, (1, 96), 300), "the same in eval mode", "digits in a batch")
    assert fight._spread([0.5], 100) == pytest.approx([10.0])  # percent: 2 * sqrt(0.25 / 100)


def test_examples_and_reach():
    images = torch.randint(0, 256, (3, 1, 28, 28))
    drawn(fight.examples({"whole": images, "shuffled": images}, "Squares"), "whole", "shuffled", axes=False)
    fields = [(3, 1.1, 1.2), (32, 7.0, 10.7)]
    shown = drawn(fight.reach(fields, torch.rand(3, 4), torch.rand(3, 4), torch.tensor([[14.0]])), "32 px", "mean distance (pixels)", "a head after training")
    assert "all patches alike" in shown
    assert "cannot be watched" in texts(fight.reach(fields, None, None, 14.0))


def test_cut_names_patches_and_tokens():
    drawn(patch_size.cut(torch.rand(1, 28, 28), (2, 14)), "14 x 14 = 196 patches", "5 tokens", axes=False)


def test_scaling_and_cost_law():
    drawn(patch_size.scaling({"small": ([2, 257], [1.0, 2.0], 256), "large": ([2, 257], [1.0, 1.1], 4608)}), "2D + M = 256", "2D + M = 4,608")
    drawn(patch_size.cost_law({1: 3e8, 2: 3e7, 4: 6e6}, {2: 10.0, 4: 2.5}), "patch 1", "forecast", "through patch 2", "time for one image (ms)")


def test_sweep_names_a_run_that_is_in_both_once():
    one, other = dict(accuracy=80.0, seconds=10.0, epochs=4.0), dict(accuracy=70.0, seconds=10.0, epochs=1.5)
    shown = drawn(patch_size.sweep({2: dict(one, seconds=60.0), 4: one}, {2: other, 4: one}, "one seed"), "2  (1.5 epochs)", "one seed", "training time (s, logarithmic)")
    assert shown.count("4  (4 epochs)") == 1


def test_positions_on_both_grids():
    drawn(patch_size.positions(torch.randn(1, 50, 64), torch.randn(1, 101, 64), (7, 7), (10, 10)), "7 x 7 patches", "10 x 10 patches", "value of the position", axes=False)


def test_other_sizes_fine_tuning_spectrum_and_upscaled():
    drawn(patch_size.other_sizes({"on the grid": [50, 80], "none": [40, 60]}, [16, 28], 28, "1,000 images"), "1,000 images", "trained at this size", "side of the image (pixels)")
    drawn(patch_size.fine_tuning({"fresh weights": [(0, 10.0), (8, 50.0)]}, "Fine-tuning", "1,000 images"), "Fine-tuning", "fresh weights", "1,000 images")
    drawn(patch_size.spectrum({"patch 6 of 72": torch.tensor([1.0, 0.5, 0.0])}), "patch 6 of 72: 2 of 3", "zero")
    drawn(patch_size.upscaled({"patch 4 of 28": dict(accuracy=80.0, seconds=10.0)}, "one seed", 5000), "80.0", "training time (s)", "one seed")
