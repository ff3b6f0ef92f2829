"""Figures of the whole Vision Transformer: its parts, its tokens, its parameters, and what positions are for."""

import torch
import torch.nn.functional as F

from helpers.figures import style

CLS, PATCH, POSITION, BLOCK, HEAD = style.ORANGE, style.BLUE, style.GREEN, style.PURPLE, style.RED


@style.drawn
def vision_transformer(image, patch_size=4, embed_dim=64, num_layers=3, num_classes=10):
    """The architecture from image to logits, with the shape after every step.

    image: one image, float or uint8 [C, H, W], H and W divisible by patch_size. Returns the Figure.
    Source: after Dosovitskiy et al. 2021, section 3.1 and figure 1.
    """
    channels, height, width = image.shape
    count = (height // patch_size) * (width // patch_size)
    fig, ax = style.canvas(10.5, 7.2)
    style.blank(ax, (0, 14.2), (0, 9.6))
    ax.set_title("Vision Transformer: an image becomes a sequence, one extra token becomes the answer")

    # The image, its grid, and the patches in a row.
    _picture(fig, ax, image, (0.2, 0.25), 1.9, grid=patch_size)
    row = width // patch_size
    middle = (height // patch_size) // 2 * row + row // 2
    shown = [0, 1, None, middle - 1, middle, middle + 1, None, count - 1]
    places = [5.0 + 0.95 * i for i in range(len(shown))]  # one column a token; the class token stands left of them
    style.arrow(ax, (2.2, 1.2), (4.5, 1.2))
    ax.text(3.3, 1.38, "img_to_patch", ha="center", fontsize=10, family="monospace", color=style.INK)
    for x, index in zip(places, shown):
        if index is None:
            ax.text(x, 1.2, "…", ha="center", va="center", fontsize=15)
            ax.text(x, 3.85, "…", ha="center", va="center", fontsize=15)
            continue
        top, left = index // row * patch_size, index % row * patch_size
        _picture(fig, ax, image[:, top : top + patch_size, left : left + patch_size], (x - 0.33, 0.87), 0.66, low=image.min(), high=image.max())
        style.arrow(ax, (x, 1.6), (x, 2.02))
        style.arrow(ax, (x, 2.62), (x, 3.4))
        _token(ax, x, PATCH, f"{index + 1}")
    style.box(ax, (places[0] + places[-1]) / 2, 2.32, places[-1] - places[0] + 0.9, 0.56, "linear projection: the same weights for every patch", PATCH)

    # The class token, the positions, the sequence.
    _token(ax, 4.05, CLS, "0")
    ax.text(3.55, 3.85, "class token\n(learned)", ha="right", va="center", fontsize=10, color=style.INK)
    ax.text(3.55, 4.72, "position added to\nevery token (learned)", ha="right", va="center", fontsize=10, color=style.INK)
    for x, index in zip([4.05, *places], [-1, *shown]):
        if index is not None:
            style.arrow(ax, (x, 4.95), (x, 5.5))

    # Blocks: one for each layer, then the class token alone.
    centre = (4.05 + places[-1]) / 2
    for layer in range(3):
        style.box(ax, centre + 0.14 * (2 - layer), 6.35 + 0.14 * (2 - layer), places[-1] - 4.05 + 0.9, 1.2, "", BLOCK, strength=0.12, zorder=3 + 2 * layer)
    ax.text(centre, 6.35, f"{num_layers} blocks, each with its own weights\nx + attention(LN(x))  mixes tokens,  x + MLP(LN(x))  works on each token", ha="center", va="center", fontsize=10, zorder=20, color=style.INK)
    for x, index in zip(places, shown):
        if index is not None:
            style.arrow(ax, (x, 7.26), (x, 7.6), style.FAINT)
    ax.text((places[0] + places[-1]) / 2, 7.82, "the outputs of the patch tokens are not read", ha="center", va="center", fontsize=9, color=style.MUTED, style="italic")
    style.arrow(ax, (4.05, 7.26), (4.05, 8.3), CLS, width=2.2)
    style.box(ax, 4.05, 8.58, 1.9, 0.54, "LayerNorm", HEAD)
    style.arrow(ax, (5.0, 8.58), (5.75, 8.58), HEAD)
    style.box(ax, 6.65, 8.58, 1.8, 0.54, "Linear", HEAD)
    style.arrow(ax, (7.55, 8.58), (8.3, 8.58), HEAD)
    ax.text(8.4, 8.58, f"{num_classes} logits", va="center", fontsize=11, color=style.INK)

    # Shapes, at the right margin.
    size = channels * patch_size**2
    for y, text in ((1.2, f"[B, {count}, {size}]"), (2.9, f"[B, {count}, {embed_dim}]"), (4.2, f"[B, {1 + count}, {embed_dim}]"),
                    (6.35, f"[B, {1 + count}, {embed_dim}]"), (7.78, f"[B, {embed_dim}]"), (8.58, f"[B, {num_classes}]")):
        ax.text(12.65, y, text, va="center", fontsize=9.5, family="monospace", color=style.MUTED)
    ax.text(12.65, 9.2, "shape", va="center", fontsize=9.5, color=style.MUTED)
    ax.text(1.15, 2.3, f"[B, {channels}, {height}, {width}]", ha="center", fontsize=9.5, family="monospace", color=style.MUTED)
    return fig


def _picture(fig, ax, image, corner, side, grid=None, low=None, high=None):
    """An image in data units of `ax`: lower left corner and side; `grid` draws the cuts between patches."""
    picture = image.detach().float().mean(0).cpu().numpy()  # grey is enough for a picture of the idea
    inset = ax.inset_axes((*corner, side, side), transform=ax.transData)
    inset.imshow(picture, cmap=style.DIGIT_CMAP, vmin=None if low is None else float(low), vmax=None if high is None else float(high))
    style.frame(inset, PATCH, 1.2)
    if grid:
        for cut in range(grid, picture.shape[0], grid):
            inset.axhline(cut - 0.5, color=PATCH, linewidth=0.7)
        for cut in range(grid, picture.shape[1], grid):
            inset.axvline(cut - 0.5, color=PATCH, linewidth=0.7)


def _token(ax, x, color, position):
    """A token's column with the position that is added to it on top."""
    style.box(ax, x, 3.79, 0.62, 0.74, "", color, strength=0.55)
    style.box(ax, x, 4.72, 0.62, 0.5, position, POSITION, strength=0.35)
    ax.text(x, 4.31, "+", ha="center", va="center", fontsize=12, color=style.INK, zorder=6)


@style.drawn
def tokens_and_positions():
    """What happens between the projection and the first block: expand, concatenate, add. Returns the Figure."""
    fig, ax = style.canvas(9.5, 3.6)
    style.blank(ax, (-0.2, 13.4), (0.2, 4.4))
    ax.set_title("One class token for the batch, one position for every place in the sequence")
    names = ["1", "2", "3", "…", "N"]
    for row in range(3):  # three images of a batch, one behind the other
        y, shade = 2.65 + 0.38 * row, 0.55 - 0.13 * row
        style.box(ax, 3.5, y, 0.8, 0.34, "", CLS, strength=shade)
        for i in range(5):
            style.box(ax, 4.55 + 0.9 * i, y, 0.8, 0.34, "", PATCH, strength=shade)
    style.box(ax, 0.6, 3.03, 0.8, 0.34, "", CLS, strength=0.55)
    style.arrow(ax, (1.15, 3.03), (2.95, 3.03), CLS)
    ax.text(2.05, 3.16, "expand", ha="center", fontsize=9, family="monospace", color=style.INK)
    ax.text(0.6, 3.45, "class token\n[1, 1, D]", ha="center", va="bottom", fontsize=9, color=style.INK)
    ax.text(3.5, 3.78, "[B, 1, D]", ha="center", va="bottom", fontsize=9, color=style.INK)
    ax.text(6.35, 3.78, "patch tokens [B, N, D]", ha="center", va="bottom", fontsize=9, color=style.INK)
    ax.text(5.9, 1.93, "+", ha="center", va="center", fontsize=17, color=style.INK)
    for i, name in enumerate(["0", *names]):
        style.box(ax, 3.5 + (0 if i == 0 else 0.15) + 0.9 * i, 1.2, 0.8, 0.44, name, POSITION, strength=0.35)
    ax.text(2.95, 1.2, "positions\n[1, 1 + N, D]", ha="right", va="center", fontsize=9, color=style.INK)
    ax.text(5.9, 0.55, "the same for every image of the batch: broadcasting repeats them", ha="center", fontsize=9, color=style.MUTED, style="italic")
    style.arrow(ax, (9.05, 2.1), (10.1, 2.1))
    ax.text(10.25, 2.1, "tokens [B, 1 + N, D]\nthen dropout,\nthen the blocks", va="center", fontsize=10, color=style.INK)
    return fig


@style.drawn
def parameters(table):
    """Where the parameters are: one bar a part. table: {part: number of parameters}. Returns the Figure."""
    names, counts = list(table), list(table.values())
    total = sum(counts)
    fig, ax = style.canvas(7.5, 1.1 + 0.34 * len(names))
    bars = ax.barh(names, counts, color=style.BLUE)
    ax.bar_label(bars, [f"{count:,}  ({count / total:.1%})" for count in counts], padding=4, fontsize=9, color=style.INK)
    ax.invert_yaxis()
    ax.set(title=f"{total:,} parameters, part by part", xlabel="parameters", xlim=(0, 1.3 * max(counts)))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return fig


def shuffle_patches(x, patch_size, order):
    """Images with their patches in another order: x float [B, C, H, W], order int [N] -> [B, C, H, W]."""
    patches = F.unfold(x, patch_size, stride=patch_size)  # [B, C*p*p, N]
    return F.fold(patches[:, :, order], x.shape[-2:], patch_size, stride=patch_size)


@style.drawn
def permutation(image, shuffled, changes):
    """A digit, the same digit with shuffled patches, and how far the logits moved.

    image, shuffled: [C, H, W]; changes: {what the model has: largest change of a logit}, >= 0. Returns the Figure.
    """
    fig, (left, middle, right) = style.canvas(9.5, 2.7, cols=3, width_ratios=(1, 1, 2.6))
    for ax, picture, title in ((left, image, "a digit"), (middle, shuffled, "its patches shuffled")):
        ax.imshow(picture.detach().float().mean(0).cpu().numpy(), cmap=style.DIGIT_CMAP)
        style.frame(ax)
        ax.set_title(title)
    floor = 1e-8  # a log axis has no zero
    values = [max(float(value), floor) for value in changes.values()]
    bars = right.barh(list(changes), values, color=[style.GREEN, style.GREY, *style.PALETTE][: len(values)], left=floor, height=0.55)
    right.bar_label(bars, [f"{float(value):.0e}" for value in changes.values()], padding=4, fontsize=9, color=style.INK)
    right.axvspan(floor, 1e-5, color=style.FAINT, alpha=0.6, zorder=0)
    right.text(3e-7, -0.62, "rounding", ha="center", va="center", fontsize=8.5, color=style.MUTED)
    right.set(xscale="log", xlim=(floor, 10), ylim=(len(values) - 0.5, -0.85), title="does the answer notice?", xlabel="largest change of a logit")
    return fig


@style.drawn
def overfit(losses, classes=10):
    """The loss on one small batch, step by step. losses: list of floats (nats). Returns the Figure."""
    fig, ax = style.canvas(6.5, 2.8)
    ax.plot(range(1, len(losses) + 1), losses, color=style.BLUE)
    guess = float(torch.tensor(float(classes)).log())
    ax.axhline(guess, color=style.MUTED, linestyle="--", linewidth=1.2)
    ax.text(len(losses), guess, f"guessing: ln {classes} = {guess:.2f}", ha="right", va="bottom", fontsize=9, color=style.MUTED)
    ax.set(title="A healthy model can learn one small batch by heart", xlabel="step", ylabel="cross-entropy (nats)", ylim=(0, max(2.6, 1.08 * max(losses))))
    return fig
