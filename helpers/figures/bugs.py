"""Figures of notebook 05: the symptoms of ten bugs."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from helpers.figures import style

COLORS = (style.RED, style.BLUE, style.GREEN, style.ORANGE, style.PURPLE)


@style.drawn
def curves(lines, title, ylabel, level=None, level_name="", xlabel="epoch"):
    """One line a run. lines: {name: numbers, one an epoch}; level: a value to draw across, named level_name. Returns the Figure."""
    if not any(len(values) for values in lines.values()):
        fig, ax = style.canvas(7.5, 3.4)
        ax.set(title=title, xlabel=xlabel, ylabel=ylabel, xlim=(0, 1), ylim=(0, 1))
        return fig
    fig, ax = style.canvas(7.5, 3.4)
    for (name, values), color in zip(lines.items(), COLORS if "mended" not in list(lines)[:1] else COLORS[1:]):
        ax.plot(range(1, len(values) + 1), values, "o-" if len(values) < 40 else "-", markersize=4, color=color, label=name)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    highest = max([level or 0, *(max(values) for values in lines.values() if len(values))])
    ax.set_ylim(0, 1.12 * highest or 1)
    if level is not None:
        ax.axhline(level, color=style.GREY, linestyle="--", linewidth=1.2)
        side, gap = ("top", -5) if level > 0.5 * highest else ("bottom", 5)  # a curve that runs along a high line keeps clear of the words
        ax.annotate(level_name, (0.99, level), (0, gap), xycoords=ax.get_yaxis_transform(), textcoords="offset points", va=side, ha="right", color=style.MUTED, fontsize=9)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return fig


@style.drawn
def answers(logits, title):
    """The logits of the same digit in different company. logits: {company: tensor [10]}. Returns the Figure."""
    fig, ax = style.canvas(7.5, 3.2)
    width = 0.8 / len(logits)
    for k, ((company, values), color) in enumerate(zip(logits.items(), COLORS)):
        ax.bar(np.arange(10) + width * (k - (len(logits) - 1) / 2), values.detach().float().cpu().numpy(), width, color=color, label=company)
    ax.axhline(0, color=style.MUTED, linewidth=0.8)
    ax.set(title=title, xlabel="class", ylabel="logit", xticks=range(10))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=len(logits))
    return fig


@style.drawn
def changed(rows, title):
    """By how much each token changes, on a logarithmic scale; no change is white. rows: {name: numbers, one a token}. Returns the Figure."""
    values = np.stack([np.asarray(row, dtype=float) for row in rows.values()])
    fig, ax = style.canvas(8.5, 0.55 * len(rows) + 1.5)
    scale = LogNorm(1e-3, max(values.max(), 1.0), clip=True)
    shown = ax.imshow(np.ma.masked_less(values, 1e-6), cmap=style.HEAT_CMAP, norm=scale, aspect="auto")
    ax.set(title=title, xlabel="token (0 is the class token)", yticks=range(len(rows)), yticklabels=list(rows), xticks=range(values.shape[1]))
    fig.colorbar(shown, ax=ax, label="size of\nthe change")
    return fig


@style.drawn
def augmented(images, pictures, title):
    """Digits 0, 1, 2, ... above, what an augmentation makes of them below. images, pictures [N, 1, H, W]. Returns the Figure."""
    fig, axes = style.canvas(1.05 * len(images) + 0.6, 2.6, rows=2, cols=len(images), squeeze=False)
    for row, (name, batch) in enumerate((("before", images), ("after", pictures))):
        for label, (ax, image) in enumerate(zip(axes[row], batch)):
            ax.imshow(image[0].detach().float().cpu().numpy(), cmap=style.DIGIT_CMAP)
            style.frame(ax)
            if row == 0:
                ax.set_title(label)
        axes[row, 0].set_ylabel(name)
    fig.suptitle(title)
    return fig


@style.drawn
def last(accuracies, published):
    """Accuracy of some models after this run beside what was published. accuracies, published: {name: percent}. Returns the Figure."""
    fig, ax = style.canvas(7.5, 0.55 * len(accuracies) + 1.5)
    rows = {name: row for row, name in enumerate(accuracies)}
    ax.barh(list(rows.values()), list(accuracies.values()), 0.55, color=COLORS[: len(rows)], zorder=2)
    for name, value in accuracies.items():
        ax.text(value - 0.5, rows[name], f"{value:.1f}", va="center", ha="right", color=style.PAPER, fontweight="bold")
    for k, (name, value) in enumerate(published.items()):
        ax.plot([value, value], [rows[name] - 0.42, rows[name] + 0.42], color=style.INK, linewidth=2, zorder=3, label="" if k else "published (test digits, whole MNIST)")
    ax.set(title="At the end of these runs", xlabel="validation accuracy (%)", xlim=(0, 100), yticks=list(rows.values()), yticklabels=list(rows))
    ax.invert_yaxis()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center")
    return fig
