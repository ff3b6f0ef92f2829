"""Figures of notebook 08: what learns, what was seen, features in the plane, readers, few labels, rates."""

import numpy as np
import torch
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from helpers.figures import style

METHOD_COLORS = {
    "from scratch": style.GREY,
    "linear probe": style.ORANGE,
    "probe of all patches": style.PURPLE,
    "last block and head": style.GREEN,
    "all weights": style.BLUE,
}
SPACE_COLORS = (style.INK, style.BLUE, style.PURPLE)
# Pink and yellow letters would be too pale on paper.
GLYPH_COLORS = (*style.PALETTE[:6], style.INK, style.PALETTE[7], style.MUTED, style.PALETTE[9])


@style.drawn
def methods(rows, parts):
    """Which parts of a model learn under each method.

    rows: {method: one letter a part: "f" frozen, "l" goes on learning, "n" new and learns}.
    parts: the names of the parts. Returns the Figure.
    """
    looks = {
        "f": ("frozen", style.GREY, 0.25),
        "l": ("goes on learning", style.BLUE, 0.3),
        "n": ("new, learns", style.RED, 0.3),
    }
    fig, ax = style.canvas(9.0, 0.62 * len(rows) + 1.5)
    style.blank(ax, (-1.75, len(parts) - 0.4), (len(rows) - 0.4, -1.0))
    for column, part in enumerate(parts):
        ax.text(column, -0.75, part, ha="center", va="center", fontsize=9, color=style.MUTED)
    for row, (method, letters) in enumerate(rows.items()):
        ax.text(-0.62, row, method, ha="right", va="center", color=style.INK)
        for column, letter in enumerate(letters):
            word, color, strength = looks[letter]
            style.box(ax, column, row, 0.92, 0.72, word, color, fontsize=8.5, strength=strength)
    ax.set_title("One model, four ways to learn a new task")
    return fig


@style.drawn
def samples(rows):
    """A row of pictures for each data set.

    rows: {name: (images [N, 1, H, W], what each shows)}. Returns the Figure.
    """
    count = max(len(images) for images, _ in rows.values())
    size = (0.95 * count + 1.2, 1.3 * len(rows) + 0.5)
    fig, axes = style.canvas(*size, rows=len(rows), cols=count, squeeze=False)
    for line, (name, (images, words)) in zip(axes, rows.items()):
        for ax in line[len(images):]:
            style.blank(ax)
        for ax, image, word in zip(line, images, words):
            ax.imshow(image[0].detach().float().cpu().numpy(), cmap=style.DIGIT_CMAP)
            ax.set_title(word, fontsize=8, fontweight="normal")
            style.frame(ax)
        line[0].set_ylabel(name, fontsize=10)
    fig.suptitle("What the model has seen, and what it is asked to read" if len(rows) > 1 else "What the model is asked to read")
    return fig


@style.drawn
def plane(spaces, labels):
    """Images as points, the digit as marker: features along the two directions in which they spread most.

    spaces: {name: tensor [N, D]}; labels [N]. Returns the Figure.
    """
    fig, axes = style.canvas(5.0 * len(spaces), 4.6, cols=len(spaces), squeeze=False)
    for ax, (name, values) in zip(axes[0], spaces.items()):
        values = values.detach().double().cpu()
        left, sizes, _ = torch.linalg.svd(values - values.mean(dim=0), full_matrices=False)
        points = (left[:, :2] * sizes[:2]).numpy()  # (N, 2)
        share = float(sizes[:2].square().sum() / sizes.square().sum())
        ax.scatter(*points.T, s=0)  # sets the limits
        for (x, y), label in zip(points, labels.tolist()):
            color = GLYPH_COLORS[label]
            ax.text(x, y, str(label), color=color, fontsize=8, fontweight="bold", ha="center", va="center")
        ax.set(title=f"{name} ({100 * share:.0f} % of the variance)")
        ax.set(xlabel="first principal component", ylabel="second principal component")
    fig.suptitle("Where the digits lie, before any digit label was used")
    return fig


@style.drawn
def readers(accuracies, level, level_name, note):
    """Accuracy of simple readers on several kinds of features, each a dot, with a level to compare.

    accuracies: {reader: {features: accuracy in 0..1}}; level: percent; note: one line on how it was measured.
    Returns the Figure.
    """
    fig, ax = style.canvas(8.0, 0.75 * len(accuracies) + 1.8)
    kinds = list(dict.fromkeys(kind for row in accuracies.values() for kind in row))
    for kind, color in zip(kinds, SPACE_COLORS):
        rows = [row for row, found in enumerate(accuracies.values()) if kind in found]
        values = [100 * found[kind] for found in accuracies.values() if kind in found]
        ax.scatter(values, rows, s=70, color=color, label=kind, zorder=3)
        for value, row in zip(values, rows):
            above = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
            ax.annotate(f"{value:.1f}", (value, row), color=color, **above)
    ax.axvline(level, color=style.RED, linestyle="--", linewidth=1.4, label=level_name)
    ax.set(title="Readers that cost (nearly) nothing", xlabel=f"validation accuracy (%)\n{note}")
    ax.set(yticks=range(len(accuracies)), yticklabels=list(accuracies), ylim=(len(accuracies) - 0.5, -0.7))
    ax.grid(axis="y")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=len(kinds) + 1)
    return fig


@style.drawn
def depths(results, level, note):
    """Accuracy of a linear reader after each block of a model.

    results: {what is read: {blocks passed: accuracy in 0..1}}, dashed where the name says "never trained";
    level: accuracy on raw pixels; note: one line on how it was measured. Returns the Figure.
    """
    fig, ax = style.canvas(8.0, 4.2)
    for name, found in results.items():
        color = style.BLUE if "patches" in name else style.ORANGE
        untrained = "never trained" in name
        ax.plot(list(found), [100 * value for value in found.values()], color=color, label=name, marker="o",
                linestyle="--" if untrained else "-", markerfacecolor=style.PAPER if untrained else color)
    ax.axhline(100 * level, color=style.INK, linestyle=":", linewidth=1.4, label="raw pixels")
    ax.set(title="What a linear reader finds on the way up")
    ax.set(xlabel="blocks passed", ylabel="validation accuracy (%)")
    ax.set_xticks(sorted({blocks for found in results.values() for blocks in found}))
    ax.grid(axis="y")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig


def _spread(ax, results, color, name, marker="o"):
    """Mean as a line, every run as a small dot. results: {x: accuracies in 0..1}."""
    xs = sorted(results)
    for x in xs:
        runs = 100 * np.asarray(results[x])
        ax.scatter([x] * len(runs), runs, s=16, color=color, alpha=0.5, zorder=2)
    means = [100 * float(np.mean(results[x])) for x in xs]
    ax.plot(xs, means, color=color, marker=marker, markersize=6, label=name, zorder=3)


@style.drawn
def few_labels(results, note):
    """Accuracy against the number of labels, a line for each method, a dot for each run.

    results: {method: {labels a class: accuracies in 0..1}}; note: one line on how it was measured.
    Returns the Figure.
    """
    fig, ax = style.canvas(9.0, 4.4)
    for (name, found), marker in zip(results.items(), "osD^v"):
        if found:
            _spread(ax, found, METHOD_COLORS.get(name, style.PURPLE), name, marker)
    sizes = sorted({size for found in results.values() for size in found})
    ax.set(title="How many labels does it take?", xscale="log")
    ax.set(xlabel="labelled digits of each class (log scale)", ylabel="validation accuracy (%)")
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xticklabels([f"{size:,}" for size in sizes])
    ax.grid(axis="y")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right center")
    fig.supxlabel(f"line: mean, dots: runs with other digits   ·   {note}", fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def rates(by_model):
    """The learning rate of every part of a model, from the bottom to the top.

    by_model: {title: {part: learning rate}}, the parts from input to output. Returns the Figure.
    """
    longest = max(len(parts) for parts in by_model.values())
    fig, axes = style.canvas(5.0 * len(by_model), 0.27 * longest + 1.6, cols=len(by_model), squeeze=False)
    for ax, (title, parts) in zip(axes[0], by_model.items()):
        colors = [style.RED if name == "head" else style.BLUE for name in parts]
        ax.barh(range(len(parts)), list(parts.values()), color=colors)
        ax.set(title=title, xlabel="learning rate", xlim=(0, None))
        ax.set(yticks=range(len(parts)), yticklabels=list(parts))
        ax.ticklabel_format(axis="x", style="sci", scilimits=(0, 0))
    fig.suptitle("The higher up, the faster it may change")
    return fig


@style.drawn
def sweep(results, note):
    """Accuracy against the decay of the learning rate from layer to layer.

    results: {labels a class: {decay: accuracies in 0..1}}; note: one line on how it was measured.
    Returns the Figure.
    """
    fig, axes = style.canvas(4.6 * len(results), 3.9, cols=len(results), squeeze=False)
    for ax, (size, found) in zip(axes[0], results.items()):
        _spread(ax, found, style.BLUE, f"{size} digits a class")
        ax.set(title=f"{size:,} digits of each class", xlim=(-0.06, 1.06))
        ax.set(xlabel="decay from one layer to the next", ylabel="validation accuracy (%)")
        ax.grid(axis="y")
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0\nhead alone", "0.25", "0.5", "0.75", "1\none rate"])
        low, high = ax.get_ylim()
        if high - low < 4:  # the last digit of an accuracy should not look like a mountain
            ax.set_ylim((low + high) / 2 - 2, (low + high) / 2 + 2)
    fig.suptitle("From linear probe to full fine-tuning")
    fig.supxlabel(f"line: mean, dots: runs with other digits   ·   {note}", fontsize=9, color=style.MUTED)
    return fig
