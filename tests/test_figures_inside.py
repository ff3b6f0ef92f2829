"""The figures of notebooks 05 and 10: drawn without a warning, labelled, and true to their numbers."""

import pytest
import torch

from helpers.figures import bugs, inside
from tests.figures import texts, written

pytestmark = pytest.mark.filterwarnings("error::UserWarning")


def labelled(figure):
    """Whether every axes with ticks says what its axes are."""
    return all(ax.get_xlabel() and (ax.get_ylabel() or ax.get_yticklabels()) for ax in figure.axes if ax.get_xticks().size and ax.get_label() != "<colorbar>")


def test_curves_begin_at_zero_and_keep_their_colours():
    figure = bugs.curves({"broken": [2.3, 2.2], "mended": [1.0, 0.1]}, "Loss", "nats", level=2.31, level_name="guessing")
    (ax,) = figure.axes
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 2.31 and "guessing" in texts(figure)
    (alone,) = bugs.curves({"mended": [1.0, 0.1]}, "Loss", "nats").axes
    assert alone.lines[0].get_color() == ax.lines[1].get_color()
    assert written(figure) and labelled(figure)


@pytest.mark.parametrize("lines", [{"broken": []}, {"all zero": [0.0, 0.0]}, {"one": [1.0]}, {"a": [1.0], "b": []}])
def test_curves_are_drawn_for_odd_runs(lines):
    assert written(bugs.curves(lines, "Loss", "nats"))


def test_answers_draw_one_bar_a_class_and_company():
    figure = bugs.answers({"alone": torch.arange(10.0), "in company": -torch.arange(10.0)}, "Answers")
    assert [bar.get_height() for bar in figure.axes[0].patches] == [*range(10), *(-n for n in range(10))]
    assert written(figure) and labelled(figure)


def test_a_small_change_differs_from_none_and_from_a_large_one():
    figure = bugs.changed({"broken": torch.tensor([0.02, 0.5, 9.0]), "mended": torch.tensor([0.0, 0.0, 1.0])}, "Changes")
    shown = figure.axes[0].images[0]
    assert shown.get_array().mask.tolist() == [[False] * 3, [True, True, False]]
    colors = shown.to_rgba(shown.get_array())
    assert len({tuple(color) for color in colors[0]}) == 3
    assert written(figure) and labelled(figure)


def test_augmented_digits_stand_below_their_originals():
    images = torch.rand(10, 1, 28, 28)
    figure = bugs.augmented(images, images.flip(-1), "Digits")
    assert len(figure.axes) == 20 and written(figure)


def test_reached_and_published_accuracies_are_side_by_side():
    figure = bugs.last({"as published": 81.0, "yours": 95.5}, {"as published": 90.38})
    assert "81.0" in texts(figure) and "95.5" in texts(figure) and "published" in texts(figure)
    assert written(figure) and labelled(figure)


def attention(layers=3, heads=4, tokens=50):
    return torch.rand(layers, heads, tokens, tokens).softmax(-1)


def test_heads_are_drawn_in_a_grid_or_say_why_not():
    figure = inside.heads(torch.rand(1, 28, 28), attention())
    assert "layer 3" in texts(figure) and "head 4" in texts(figure) and written(figure)
    assert "cannot be watched" in texts(inside.heads(torch.rand(1, 28, 28), None))


def test_maps_have_a_column_for_each_method():
    columns = {"rollout": (torch.rand(3, 49), False), "hiding": (torch.randn(3, 49), True)}
    figure = inside.maps(torch.rand(3, 1, 28, 28), torch.tensor([2, 4, 7]), columns)
    assert all(word in texts(figure) for word in ("rollout", "hiding", "a 2", "a 7")) and written(figure)


def test_deletion_has_a_colour_for_each_ranking():
    curves = {name: [1.0, 0.5, 0.1] for name in inside.RANKINGS}
    figure = inside.deletion(curves, [0, 4, 8], "20 digits")
    assert len({line.get_color() for line in figure.axes[0].lines[: len(curves)]}) == len(curves)
    assert written(figure) and labelled(figure)


def test_positions_are_drawn_or_say_why_not():
    figure = inside.positions(torch.randn(49, 49).clamp(-1, 1), torch.randn(49, 49).clamp(-1, 1))
    assert "after training" in texts(figure) and written(figure)
    assert "No learned positions" in texts(inside.positions(None, None))


def test_norms_are_drawn_or_say_why_not():
    assert written(inside.norms([torch.rand(5, 50) for _ in range(3)]))
    assert "No blocks" in texts(inside.norms([]))


def test_switches_show_each_seed():
    figure = inside.switches({"plain": [0.9, 0.92], "QK-norm": [0.95, 0.91]}, "500 digits")
    assert "QK-norm" in texts(figure) and "500 digits" in texts(figure) and written(figure)
