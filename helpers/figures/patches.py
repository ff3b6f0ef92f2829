"""Figures of notebook 01: digits, how an image becomes a sequence of patches, and what the patch size costs."""

import numpy as np
import torch
from matplotlib.patches import Rectangle

from . import style

ROW_COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.RED, style.SKY, style.BROWN, style.PINK)


def _pixels(image):
    """An image [C, H, W] or [H, W] (uint8 0..255 or float 0..1) as matplotlib wants it: [H, W] or [H, W, 3] in 0..1."""
    image = torch.as_tensor(image).detach().cpu()
    picture = image.double().numpy() / (255 if image.dtype == torch.uint8 else 1)
    if picture.ndim == 3:
        picture = np.moveaxis(picture, 0, -1)
        if picture.shape[-1] == 1:
            picture = picture[..., 0]
    return picture.clip(0, 1)


def _corners(height, width, patch_size):
    """(number, top, left) of every patch, in reading order."""
    starts = [(top, left) for top in range(0, height, patch_size) for left in range(0, width, patch_size)]
    return [(number, top, left) for number, (top, left) in enumerate(starts)]


def _show(ax, picture, left=0.0, top=0.0, size=None):
    """Draw a picture with its upper left corner at (left, top); y runs down."""
    height, width = picture.shape[:2] if size is None else size
    ax.imshow(picture, cmap=style.DIGIT_CMAP, vmin=0, vmax=1, extent=(left, left + width, top + height, top))


def _border(ax, left, top, width, height, color, linewidth=2.0):
    ax.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=linewidth))


def _number(ax, number, left, top, color, fontsize=9):
    ax.text(left, top, str(number), color="white", fontsize=fontsize, fontweight="bold", ha="left", va="top",
            bbox={"facecolor": color, "edgecolor": "none", "pad": 1.2})


def _grid(ax, picture, patch_size, numbers=True):
    """The picture with its patch borders; with numbers, a colour for every row of patches."""
    height, width = picture.shape[:2]
    _show(ax, picture)
    for number, top, left in _corners(height, width, patch_size):
        color = ROW_COLORS[(top // patch_size) % len(ROW_COLORS)] if numbers else style.BLUE
        inset = 0.12 if numbers else 0
        _border(ax, left + inset, top + inset, patch_size - 2 * inset, patch_size - 2 * inset, color, 2.0 if numbers else 0.8)
        if numbers:
            _number(ax, number, left + 0.3, top + 0.3, color)
    style.blank(ax, (-0.3, width + 0.3), (height + 0.3, -0.3), equal=True)


@style.drawn
def digits(images, labels):
    """Images [N, 1, H, W] uint8 and their labels [N], side by side."""
    fig, axes = style.canvas(10, 1.75, 1, len(images), squeeze=False)
    for ax, image, label in zip(axes[0], images, labels):
        _show(ax, _pixels(image))
        style.frame(ax, style.FAINT)
        ax.set_title(str(int(label)))
    fig.suptitle(f"Handwritten digits: {images.shape[-2]} x {images.shape[-1]} pixels, one grey channel")
    return fig


@style.drawn
def grid_and_sequence(image, patch_size):
    """One image [C, H, W], first as a numbered grid of patches, then as the sequence that a Transformer reads."""
    picture = _pixels(image)
    height, width = picture.shape[:2]
    corners = _corners(height, width, patch_size)
    fig, (above, below) = style.canvas(10, 5.2, 2, 1, height_ratios=(3.6, 1))
    _grid(above, picture, patch_size)
    above.set_title(f"As a grid: {height // patch_size} rows of {width // patch_size} patches, {patch_size} x {patch_size} pixels each")
    step = patch_size + 1.2
    for number, top, left in corners:
        color = ROW_COLORS[(top // patch_size) % len(ROW_COLORS)]
        _show(below, picture[top:top + patch_size, left:left + patch_size], number * step)
        _border(below, number * step, 0, patch_size, patch_size, color)
        below.text(number * step + patch_size / 2, patch_size + 0.8, str(number), ha="center", va="top", color=color, fontweight="bold")
    style.blank(below, (-0.5, len(corners) * step), (patch_size + 3.5, -0.5), equal=True)
    below.set_title(f"As a sequence: {len(corners)} tokens, left to right, then top to bottom")
    return fig


@style.drawn
def shuffled(image, patch_size, seed=0):
    """The patches of one image [C, H, W] in a random order, with gaps: what a model sees that knows no positions."""
    picture = _pixels(image)
    height, width = picture.shape[:2]
    corners = _corners(height, width, patch_size)
    order = np.random.default_rng(seed).permutation(len(corners))
    gap = 1.2
    fig, ax = style.canvas(3.8, 4.0)
    for place, (_, top, left) in zip(order, corners):
        row, column = divmod(int(place), width // patch_size)
        _show(ax, picture[top:top + patch_size, left:left + patch_size], column * (patch_size + gap), row * (patch_size + gap))
        _border(ax, column * (patch_size + gap), row * (patch_size + gap), patch_size, patch_size, style.MUTED, 0.8)
    style.blank(ax, (-0.5, width // patch_size * (patch_size + gap)), (height // patch_size * (patch_size + gap), -0.5), equal=True)
    ax.set_title("Which digit is this?")
    return fig


@style.drawn
def patch_sizes(image, sizes=(2, 4, 7, 14)):
    """One image [C, H, W] cut with several patch sizes, and what each costs: tokens, numbers per token, attention pairs."""
    picture = _pixels(image)
    height, width = picture.shape[:2]
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    tokens = [(height // p) * (width // p) for p in sizes]
    rows = (("tokens N", tokens, style.BLUE),
            ("numbers per token C·p²", [channels * p * p for p in sizes], style.ORANGE),
            ("attention pairs N²", [n * n for n in tokens], style.GREEN))
    fig = style.plt.figure(figsize=(10, 5.6), layout="constrained")
    above, below = fig.subfigures(2, 1, height_ratios=(1.25, 1))
    for ax, p in zip(above.subplots(1, len(sizes)), sizes):
        _grid(ax, picture, p, numbers=False)
        ax.set_title(f"patch size {p}")
    for ax, (name, values, color) in zip(below.subplots(1, 3), rows):
        bars = ax.bar([str(p) for p in sizes], values, color=color, width=0.65)
        ax.bar_label(bars, [f"{value:,}" for value in values], fontsize=9)
        ax.set(yscale="log", title=name, xlabel="patch size p (pixels)", ylim=(0.5, max(values) * 5))
        ax.yaxis.set_visible(False)
        ax.spines["left"].set_visible(False)
    fig.suptitle(f"The same {height} x {width} image at four patch sizes (bars on a log scale)")
    return fig


def _memory_blocks(picture, patch_size):
    """The numbers of [H, W, C] in the order (channel, patch, row, column): what a forgotten permute leaves -> flat array."""
    height, width = picture.shape[:2]
    channels = picture[..., None] if picture.ndim == 2 else picture
    return np.concatenate([channels[top:top + patch_size, left:left + patch_size, c].ravel()
                           for c in range(channels.shape[2]) for _, top, left in _corners(height, width, patch_size)])


@style.drawn
def forgotten_permute(grey, colour, patch_size):
    """A grey image [1, H, W] and a colour image [3, H, W], cut and put back: right, and with the channel axis left where it was."""
    fig, axes = style.canvas(10, 4.6, 2, 3, width_ratios=(1, 1, 1))
    for (original, right, wrong), image, name in zip(axes, (grey, colour), ("grey, C = 1", "colour, C = 3")):
        picture = _pixels(image)
        height, width = picture.shape[:2]
        channels = 1 if picture.ndim == 2 else picture.shape[2]
        flat = _memory_blocks(picture, patch_size)
        share = channels * patch_size ** 2
        for ax in (original, right, wrong):
            style.blank(ax, (-0.5, width * 1.12), (height * 1.12, -0.5), equal=True)
        _show(original, picture)
        original.set_title(f"image: {name}")
        right.set_title("patches, put back")
        wrong.set_title("channel axis forgotten, put back")
        for number, top, left in _corners(height, width, patch_size):
            _show(right, picture[top:top + patch_size, left:left + patch_size], left * 1.12, top * 1.12)
            token = flat[number * share:(number + 1) * share].reshape(channels, patch_size, patch_size)
            _show(wrong, token[0] if channels == 1 else np.moveaxis(token, 0, -1), left * 1.12, top * 1.12)
    fig.suptitle("The bug that grey digits hide")
    return fig


def _cut(img_to_patch, image, patch_size):
    """The student's patches of one image [C, H, W] -> tensor [N, C, p, p]; style.Note where they have another shape."""
    channels, height, width = image.shape
    wanted = (1, (height // patch_size) * (width // patch_size), channels, patch_size, patch_size)
    patches = style.call(img_to_patch, image[None], patch_size, flatten_channels=False)
    if not torch.is_tensor(patches) or tuple(patches.shape) != wanted:
        got = list(patches.shape) if torch.is_tensor(patches) else type(patches).__name__
        raise style.Note(f"This figure needs patches of shape {list(wanted)} and got {got}: run the check above, it says what to try.")
    return patches[0].detach()


@style.drawn
def put_back(img_to_patch, image, patch_size):
    """An image [C, H, W] beside the patches that `img_to_patch` made of it, laid out in the order they came."""
    patches = _cut(img_to_patch, image, patch_size)
    picture = _pixels(image)
    height, width = picture.shape[:2]
    fig, (left_ax, right_ax) = style.canvas(10, 3.2, 1, 2)
    _show(left_ax, picture)
    style.frame(left_ax, style.FAINT)
    left_ax.set_title(f"the image: {list(image.shape)}")
    stretch = 1 + 1 / patch_size
    for (_, top, left), patch in zip(_corners(height, width, patch_size), patches):
        _show(right_ax, _pixels(patch), left * stretch, top * stretch)
    style.blank(right_ax, (-0.5, width * stretch), (height * stretch, -0.5), equal=True)
    right_ax.set_title(f"your {len(patches)} patches, laid out in their order")
    return fig


@style.drawn
def token_matrix(img_to_patch, image, patch_size):
    """What the Transformer is given: the patches of one image [C, H, W] as a matrix, one row a token."""
    tokens = _cut(img_to_patch, image, patch_size).flatten(1)
    fig, ax = style.canvas(8, 3.4)
    picture = ax.imshow(tokens.double().numpy(), cmap=style.DIGIT_CMAP, vmin=0, vmax=1, aspect="auto")
    ax.set(title=f"One image as a Transformer gets it: {tokens.shape[0]} tokens of {tokens.shape[1]} numbers",
           xlabel="number inside the token (channel, row, column)", ylabel="token n")
    fig.colorbar(picture, ax=ax, label="pixel value (0 paper, 1 ink)")
    return fig
