"""The figures of notebooks 08 and 09: each is drawn without a warning, reads on any background, and shows what it was given."""

import io
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from helpers.figures import scaling, style, transfer
from tests.figures import words

GREY = torch.randint(0, 256, (10, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
COLOUR = torch.randint(0, 256, (40, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
NAMES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
STEPS = [  # a ladder of three
    {"change": "start", "val": 40.0, "train": 41.0, "kept": True},
    {"change": "cosine", "val": 43.0, "train": 45.0, "kept": True},
    {"change": "CutMix", "val": 42.0, "train": 42.5, "kept": False},
]
GAPS = {group: {"without": (90.0, 40.0), "with": (60.0, 45.0)} for group in ("many", "few")}
PUBLISHED = [("the study", 3.2, 14.81, 5, "the study"), ("tintn", 0.119, 75.5, 100, "plain"), ("CCT-2/3x2", 0.284, 89.17, 200, "with convolutions")]
FEW = {"from scratch": {10: [0.5, 0.6], 100: [0.9]}, "linear probe": {10: [0.7, 0.6], 100: [0.8]}, "all weights": {}}


def halves(step, warmup_steps, total_steps):
    return (step + 1) / (warmup_steps + 1) if step < warmup_steps else 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))


def dropping(x, p, training):
    return x * (torch.rand(len(x), 1, 1) >= p) / (1 - p)


def not_written(*args):
    raise NotImplementedError()


def all_figures():
    labels = torch.arange(40) % 10
    yield scaling.pictures(COLOUR, labels, NAMES)
    yield scaling.one_batch({"broken": [2.3, 2.2], "mended": [2.4, 0.1]}, {"ln 10": 2.3, "labels": 2.1})
    yield scaling.schedule(halves)
    yield scaling.drops(dropping, calls=40)
    yield scaling.augmented({"original": (COLOUR[:3].float(), ["cat", "dog", "70% cat\n30% dog"]), "CutMix": (COLOUR[3:6].float(), None)})
    yield scaling.ladder(STEPS, 1.0, "drawn shapes")
    yield scaling.gaps(GAPS, "drawn shapes, one seed")
    yield scaling.published(PUBLISHED)
    yield transfer.methods({"from scratch": "nnn", "linear probe": "ffn", "all weights": "lln"}, ("patches", "block", "head"))
    yield transfer.samples({"Fashion-MNIST": (GREY, NAMES), "MNIST": (GREY[:4], NAMES[:4])})
    yield transfer.plane({"pixels": GREY.flatten(1).float(), "features": torch.randn(10, 5)}, torch.arange(10))
    yield transfer.readers({"linear": {"pixels": 0.9, "features": 0.92}, "nearest neighbour": {"pixels": 0.95}}, 95.03, "published", "MNIST-5k")
    yield transfer.depths({"all patches, pretrained": {0: 0.8, 1: 0.9}, "class token, never trained": {1: 0.5}}, 0.85, "MNIST-5k")
    yield transfer.few_labels(FEW, "MNIST-5k")
    yield transfer.rates({"3 blocks": {"embeddings": 1e-4, "block 1": 2e-4, "head": 1e-3}, "1 block": {"embeddings": 1e-4, "head": 1e-3}})
    yield transfer.sweep({10: {0.0: [0.6], 1.0: [0.7, 0.8]}, 100: {0.0: [0.8], 1.0: [0.9]}}, "MNIST-5k")


@pytest.mark.filterwarnings("error::UserWarning")
def test_every_figure_is_light_titled_and_shown_once():
    before = plt.get_fignums()  # of other tests
    for fig in all_figures():
        assert isinstance(fig, Figure)
        red, green, blue, alpha = fig.get_facecolor()
        assert alpha == 1 and min(red, green, blue) > 0.8
        assert (fig.get_suptitle() or any(ax.get_title() for ax in fig.axes)) and words(fig)
        fig.savefig(io.BytesIO(), format="png")
    assert plt.get_fignums() == before


def test_every_plot_names_its_axes():
    for fig in all_figures():
        for ax in fig.axes:
            if ax.axison and ax.lines and len(ax.get_xticks()):
                assert ax.get_xlabel(), words(fig)


@pytest.mark.parametrize("figure", [lambda: scaling.schedule(not_written), lambda: scaling.drops(not_written)])
def test_a_figure_waits_for_code_that_is_not_written(figure):
    (said,) = words(figure())
    assert "not implemented yet" in said.replace("\n", " ")


def test_a_ladder_without_rows_and_a_wrong_shape_are_one_sentence():
    assert len(words(scaling.ladder([], 1.0, "note"))) == 1
    (said,) = words(scaling.drops(lambda x, p, training: x[:1]))
    assert "shape" in said


def test_the_schedule_that_is_drawn_is_the_students():
    lines = scaling.schedule(halves, total=50, warmups=(5,)).axes[0].lines
    assert np.allclose(lines[0].get_ydata(), [halves(step, 5, 50) for step in range(50)])


def test_a_dropped_image_is_white_and_the_others_are_not():
    shown = np.asarray(scaling.drops(dropping, p=0.5, calls=20).axes[0].images[0].get_array())
    assert set(np.unique(shown)) == {0.0, 2.0} and (shown == shown[:1]).all()


def test_the_ladder_joins_what_was_kept():
    ax = scaling.ladder(STEPS, 1.0, "note").axes[0]
    joined = [line.get_xydata().tolist() for line in ax.lines if line.get_color() == scaling.KEPT]
    assert joined == [[[40.0, 0.0], [43.0, 1.0]]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["start", "cosine", "CutMix"]


def test_few_labels_draws_means_and_every_run():
    ax = transfer.few_labels(FEW, "note").axes[0]
    assert {tuple(line.get_ydata().round(6)) for line in ax.lines} == {(55.0, 90.0), (65.0, 80.0)}
    assert sum(len(points.get_offsets()) for points in ax.collections) == 6
    assert "all weights" not in [text.get_text() for text in ax.figure.legends[0].get_texts()]


def test_digits_that_lie_apart_are_drawn_apart():
    spread = torch.zeros(4, 3)
    spread[:, 0] = torch.tensor([-3.0, -1.0, 1.0, 3.0])
    ax = transfer.plane({"line": spread}, torch.tensor([1, 2, 3, 4])).axes[0]
    places = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert sorted(abs(places[digit]) for digit in "1234") == pytest.approx([1, 1, 3, 3]) and "100 % of the variance" in ax.get_title()


def test_letters_are_not_too_pale_for_paper():
    assert not {style.PINK, style.YELLOW} & set(transfer.GLYPH_COLORS)
