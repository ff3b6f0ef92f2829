"""The figures of notebooks 01 and 02: each is drawn, reads on any background, and shows what its title says."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from helpers import standins
from helpers.figures import blocks, patches, style
from tests.figures import words


def attention(q, k, v):
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)
    return weights @ v, weights


def not_written(*args, **kwargs):
    raise NotImplementedError()


def broken(*args, **kwargs):
    raise RuntimeError("shape '[2, 3]' is invalid for input of size 7")


def column_by_column(x, patch_size, flatten_channels=True):
    """Patches of the transposed grid: top to bottom, then left to right."""
    rows, columns = x.shape[2] // patch_size, x.shape[3] // patch_size
    tiles = standins.img_to_patch(x, patch_size, flatten_channels)
    return tiles.unflatten(1, (rows, columns)).transpose(1, 2).flatten(1, 2)


@pytest.fixture
def digit():
    """A stroke on paper: uint8 [1, 28, 28]."""
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[:, 5:23, 12:16] = 255
    image[:, 20:23, 8:20] = 180
    return image


@pytest.fixture
def colour():
    """Every pixel different, height and width different: float [3, 28, 56]."""
    return torch.rand(3, 28, 56, generator=torch.Generator().manual_seed(0))


def pictures(ax):
    """The images on an axes as arrays, keyed by (left, top)."""
    return {(image.get_extent()[0], image.get_extent()[3]): np.asarray(image.get_array()) for image in ax.images}


def all_figures(digit, colour):
    out = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    yield patches.digits(digit.expand(10, 1, 28, 28), torch.arange(10))
    yield patches.grid_and_sequence(digit, 7)
    yield patches.shuffled(digit, 7)
    yield patches.patch_sizes(digit)
    yield patches.forgotten_permute(colour[:1], colour, 14)
    yield patches.put_back(standins.img_to_patch, colour, 7)
    yield patches.token_matrix(standins.img_to_patch, digit / 255, 7)
    yield blocks.softmax_scale()
    yield blocks.look_alike(attention, standins.img_to_patch, digit, 4)
    yield blocks.heads()
    yield blocks.post_ln_and_pre_ln()
    yield blocks.gradients({"Post-LN": [1.0, 2.0], "Pre-LN": [2.0, 1.0]}, {"Post-LN": {2: 1.0, 4: 1.0}, "Pre-LN": {2: 1.0, 4: 0.5}})
    yield blocks.first_steps({"Post-LN": [2.3, 2.3], "Pre-LN": [2.3, 1.0]}, guessing=2.3)
    yield blocks.equivariance(out, out[order], order)


def test_every_figure_is_light_titled_and_shown_once(digit, colour):
    before = plt.get_fignums()  # of other tests
    for fig in all_figures(digit, colour):
        assert isinstance(fig, Figure)
        red, green, blue, alpha = fig.get_facecolor()
        assert alpha == 1 and min(red, green, blue) > 0.8  # black text stays readable in a dark notebook theme
        assert words(fig)
    assert plt.get_fignums() == before  # an open figure would be shown a second time under the cell


def test_the_palette_is_the_colour_blind_one():
    import seaborn

    assert list(style.PALETTE) == seaborn.color_palette("colorblind").as_hex()


@pytest.mark.parametrize(("code", "sentence"), [(not_written, "not implemented yet"), (broken, "RuntimeError")])
def test_a_figure_waits_for_code_that_does_not_run(code, sentence, digit, colour):
    for fig in (patches.put_back(code, colour, 7), patches.token_matrix(code, digit, 7), blocks.look_alike(code, standins.img_to_patch, digit, 4),
                blocks.look_alike(attention, code, digit, 4)):
        said, = words(fig)
        assert sentence in said.replace("\n", " ")


@pytest.mark.parametrize("answer", [None, torch.zeros(1, 32, 147), [1, 2]])
def test_a_figure_says_which_shape_it_needs(answer, colour):
    said, = words(patches.put_back(lambda *args, **kwargs: answer, colour, 7))
    assert "[1, 32, 3, 7, 7]" in said.replace("\n", " ")


@pytest.mark.parametrize("answer", [None, torch.zeros(1, 1, 49, 16), (torch.zeros(1), torch.zeros(49, 49))])
def test_the_attention_figure_says_which_shape_it_needs(answer, digit):
    said, = words(blocks.look_alike(lambda q, k, v: answer, standins.img_to_patch, digit, 4))
    assert "[1, 1, 49, 49]" in said.replace("\n", " ")


def test_the_numbers_at_the_bars_are_tokens_numbers_and_pairs(digit):
    fig = patches.patch_sizes(digit, sizes=(2, 4, 7, 14))
    heights = [[bar.get_height() for bar in ax.containers[0]] for ax in fig.axes if ax.containers]
    assert heights == [[196, 49, 16, 4], [4, 16, 49, 196], [38416, 2401, 256, 16]]


def test_a_forgotten_channel_axis_shows_in_colour_only(colour):
    fig = patches.forgotten_permute(colour[:1], colour, 14)
    _, grey_right, grey_wrong, _, colour_right, colour_wrong = (pictures(ax) for ax in fig.axes)
    assert all(np.array_equal(grey_right[place], grey_wrong[place]) for place in grey_right)
    assert not any(np.array_equal(colour_right[place], colour_wrong[place]) for place in colour_right)


def test_the_student_sees_the_order_of_the_own_patches(colour):
    right = pictures(patches.put_back(standins.img_to_patch, colour, 7).axes[1])
    wrong = pictures(patches.put_back(column_by_column, colour, 7).axes[1])
    first, last = min(right), max(right)
    assert np.allclose(right[first], colour[:, :7, :7].permute(1, 2, 0)) and np.allclose(right[last], colour[:, -7:, -7:].permute(1, 2, 0))
    assert sum(not np.allclose(right[place], wrong[place]) for place in right) == 30  # all but the two corners that stay


def test_the_heat_map_shows_weights_that_sum_to_one(digit):
    fig = blocks.look_alike(attention, standins.img_to_patch, digit, 4)
    weights = np.asarray(fig.axes[0].images[0].get_array())
    assert weights.shape == (49, 49) and np.allclose(weights.sum(axis=1), 1)
    assert fig.axes[0].get_xlabel() and fig.axes[0].get_ylabel()


def test_scaled_weights_do_not_depend_on_the_width():
    tallest = [max(bar.get_height() for bar in ax.containers[0]) for ax in blocks.softmax_scale(dims=(4, 64, 1024)).axes]
    unscaled, scaled = tallest[:3], tallest[3:]
    assert unscaled[0] < unscaled[1] < unscaled[2] and unscaled[2] > 0.9
    assert max(scaled) - min(scaled) < 0.05


def test_outputs_put_back_are_the_first_picture_again():
    torch.manual_seed(0)
    block, tokens, order = standins.AttentionBlock(16, 32, 4).eval(), torch.randn(1, 9, 16), torch.randperm(9)
    fig = blocks.equivariance(block(tokens)[0], block(tokens[:, order])[0], order)
    first, shuffled, back = (np.asarray(ax.images[0].get_array()) for ax in fig.axes[:3])
    assert np.allclose(first, back, atol=1e-5) and not np.allclose(first, shuffled, atol=1e-2)
    assert [int(label.get_text()) for label in fig.axes[1].get_yticklabels()] == order.tolist()


def test_nothing_in_the_figures_answers_an_exercise():
    """No function here, public or private, is an img_to_patch that could be handed in."""
    x = torch.rand(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    wanted = standins.img_to_patch(x, 2)
    candidates = {fn for module in (style, patches, blocks) for _, fn in inspect.getmembers(module, inspect.isfunction) if fn.__module__.startswith("helpers.figures")}
    assert len(candidates) > 20
    for fn in candidates:
        try:
            answer = fn(x, 2)
        except Exception:
            continue
        assert not (torch.is_tensor(answer) and answer.numel() == wanted.numel() and torch.allclose(answer.flatten(), wanted.flatten())), fn.__name__
