"""Figures of notebook 06: a CNN and a ViT side by side."""

import numpy as np
import torch

from helpers.figures import style

COLORS = {
    "CNN": style.BLUE, "CNN with LayerNorm": style.SKY, "ViT": style.ORANGE,
    "ViT without positions": style.PURPLE, "ViT, taught": style.GREEN, "ViT, few digits": style.PURPLE, "ViT, few digits, taught": style.SKY,
    "CNN, statistics of the changed digits": style.SKY,
}
SURE = "bars: plus and minus two standard errors for {:,} images"


def _color(name):
    """The colour of a model: its own, or that of its family."""
    return COLORS.get(name, style.BLUE if name.startswith("CNN") else style.ORANGE)


def _spread(shares, tested):
    """Two standard errors, in percent, of shares in 0..1 that were counted on `tested` images."""
    shares = np.asarray(shares, dtype=float)
    return 200 * np.sqrt(shares * (1 - shares) / tested)


def _guessing(ax):
    ax.axhline(10, color=style.GREY, linestyle=":", linewidth=1.2, zorder=0)
    ax.text(1.01, 10, "guessing", ha="left", va="center", color=style.MUTED, fontsize=9,
            transform=ax.get_yaxis_transform())


@style.drawn
def curves(runs, title):
    """Learning curves against images seen and against time.

    runs: {model: {"images", "seconds", "train_loss", "val_loss", "val_accuracy": lists}}, accuracy in 0..1.
    Returns the Figure.
    """
    fig, axes = style.canvas(11, 3.6, cols=3)
    for name, curve in runs.items():
        look = {"color": _color(name), "marker": "o", "markersize": 3.5}
        images, accuracy = np.asarray(curve["images"]) / 1000, 100 * np.asarray(curve["val_accuracy"])
        axes[0].plot(images, accuracy, label=name, **look)
        axes[1].plot(curve["seconds"], accuracy, label=name, **look)
        axes[2].plot(images, curve["val_loss"], **look)
        axes[2].plot(images, curve["train_loss"], color=_color(name), linestyle="--", linewidth=1.4)
    axes[2].plot([], [], color=style.MUTED, label="validation")
    axes[2].plot([], [], color=style.MUTED, linestyle="--", linewidth=1.4, label="training, augmented")
    for ax in axes[:2]:
        ax.set(title="by images" if ax is axes[0] else "by time", ylabel="validation accuracy (%)")
        ax.legend(loc="lower right")
    axes[0].set_xlabel("training images seen (thousands)")
    axes[1].set_xlabel("time spent on training (s)")
    axes[2].set(title="loss", xlabel="training images seen (thousands)")
    axes[2].set(ylabel="cross-entropy (nats)", ylim=(0, None))
    axes[2].legend(loc="best")
    fig.suptitle(title)
    return fig


@style.drawn
def confusions(matrices, classes, title):
    """One confusion matrix a model, the mistakes in colour.

    matrices: {model: int [K, K]}, rows true, columns predicted. Returns the Figure.
    """
    counts = {name: torch.as_tensor(matrix).cpu().numpy() for name, matrix in matrices.items()}
    wrong = {name: matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype)) for name, matrix in counts.items()}
    top = max(1, *(int(matrix.max()) for matrix in wrong.values()))
    fig, axes = style.canvas(5.3 * len(counts) + 0.6, 5.4, cols=len(counts), squeeze=False)
    for ax, (name, matrix) in zip(axes[0], counts.items()):
        shown = ax.imshow(wrong[name], cmap=style.HEAT_CMAP, vmin=0, vmax=top)
        for row, column in np.ndindex(matrix.shape):
            if row == column or matrix[row, column]:
                dark = wrong[name][row, column] > 0.55 * top
                color = style.MUTED if row == column else "white" if dark else style.INK
                ax.text(column, row, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=8,
                        color=color)
        places = range(len(classes))
        ax.set(title=f"{name}: {np.trace(matrix):,} of {matrix.sum():,} right", xlabel="predicted class")
        ax.set(xticks=places, yticks=places, yticklabels=classes)
        ax.set_xticklabels(classes, rotation=45 if max(map(len, classes)) > 2 else 0,
                           ha="right" if max(map(len, classes)) > 2 else "center")
        ax.tick_params(length=0)
    axes[0, 0].set_ylabel("true class")
    fig.colorbar(shown, ax=axes, label="images taken for another class", shrink=0.7)
    fig.suptitle(title)
    return fig


@style.drawn
def scores(results, classes, title):
    """Precision, recall and F1 of every class.

    results: {model: three tensors [K] in 0..1}, two models. Returns the Figure.
    """
    fig, axes = style.canvas(10, 0.33 * len(classes) + 1.7, cols=3, sharey=True, sharex=True)
    for offset, (name, parts) in zip((-0.12, 0.12), results.items()):
        try:
            values = [np.asarray(torch.as_tensor(part).double().cpu()) for part in parts]
        except Exception:
            values = []
        if [value.shape for value in values] != 3 * [(len(classes),)]:
            raise style.Note("This figure wants three results, each with one number a class: see the check.")
        for ax, value in zip(axes, values):
            rows = np.arange(len(classes)) + offset
            ax.scatter(100 * value, rows, s=34, color=_color(name), label=name, zorder=3)
            ax.axvline(100 * value.mean(), color=_color(name), linestyle=":", linewidth=1.2, zorder=1)
    for ax, name in zip(axes, ("precision", "recall", "F1")):
        ax.set(title=name, xlabel=f"{name} (%)")
        ax.set(yticks=range(len(classes)), yticklabels=classes)
        ax.grid(axis="y")
    axes[0].set_ylabel("class")
    axes[0].invert_yaxis()
    found = axes[0].get_legend_handles_labels()
    fig.legend(*found, loc="outside lower center", ncols=2, title="dotted: mean of the classes")
    fig.suptitle(title)
    return fig


@style.drawn
def sizes(results, counts, tested, title="How much does each learn from few images?"):
    """Accuracy against the number of training images.

    results: {model: shares in 0..1}, one a count; tested: images that were asked about. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 4.0)
    for name, shares in results.items():
        ax.errorbar(counts, 100 * np.asarray(shares), yerr=_spread(shares, tested), label=name,
                    color=_color(name), marker="o", markersize=5, capsize=3)
    ax.set(title=title, xlabel="training images (logarithmic)", ylabel="validation accuracy (%)")
    ax.set(xscale="log", ylim=(0, 103))
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    _guessing(ax)
    ax.legend(loc="center right")
    fig.supxlabel(SURE.format(tested), fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def examples(columns, title):
    """The same images under several treatments.

    columns: {treatment: images [N, 1, H, W] with pixels in 0..255}. Returns the Figure.
    """
    rows, cols = len(next(iter(columns.values()))), len(columns)
    fig, axes = style.canvas(1.35 * cols + 0.3, 1.4 * rows + 0.9, rows=rows, cols=cols, squeeze=False)
    for column, (name, images) in enumerate(columns.items()):
        axes[0, column].set_title(name, fontsize=9)
        for row, image in enumerate(images):
            ax = axes[row, column]
            ax.imshow(image[0].float().cpu().numpy(), cmap=style.DIGIT_CMAP, vmin=0, vmax=255)
            style.frame(ax)
    fig.suptitle(title)
    return fig


@style.drawn
def shift(results, distances, tested):
    """Accuracy on moved digits.

    results: {model and how it was trained: shares in 0..1}, one a distance. Returns the Figure.
    """
    fig, ax = style.canvas(8, 4.2)
    for name, shares in results.items():
        ax.errorbar(distances, 100 * np.asarray(shares), yerr=_spread(shares, tested), label=name,
                    color=_color(name), marker="o", markersize=5, capsize=3,
                    linestyle="--" if "centred" in name else "-")
    if max(distances) > 4:
        ax.axvspan(4, max(distances), color=style.tint(style.GREY, 0.2), zorder=0)
        ax.text(4.1, 2, "ink may leave the picture", color=style.MUTED, fontsize=9, va="bottom")
    ax.set(title="The same digits, moved", xlabel="shift (pixels, in one of four directions)")
    ax.set(ylabel="validation accuracy (%)", ylim=(0, 103), xticks=distances)
    _guessing(ax)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right upper", handlelength=3.2)
    fig.supxlabel(SURE.format(tested), fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def bars(results, tested, title, xlabel, ylabel="validation accuracy (%)", guessing=True):
    """Shares of several models under several conditions.

    results: {model: {condition: share in 0..1}}; tested: images that were asked about. Returns the Figure.
    """
    conditions = list(next(iter(results.values())))
    fig, ax = style.canvas(8.5, 3.8)
    width = 0.8 / len(results)
    for k, (name, shares) in enumerate(results.items()):
        values = np.array([shares[condition] for condition in conditions])
        places = np.arange(len(conditions)) + width * (k - (len(results) - 1) / 2)
        ax.bar(places, 100 * values, 0.92 * width, color=_color(name), label=name,
               yerr=_spread(values, tested), error_kw={"elinewidth": 1.2, "ecolor": style.INK})
    ax.set(title=title, ylabel=ylabel, xlabel=xlabel, ylim=(0, 106))
    ax.set(xticks=range(len(conditions)), xticklabels=conditions)
    if guessing:
        _guessing(ax)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
    fig.supxlabel(SURE.format(tested), fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def reach(cnn, heads, untrained, even):
    """How far each layer looks, in pixels.

    cnn: for every convolution (side of its receptive field, mean distance weighted by the gradient, mean
    distance of all pixels of the field); heads, untrained: mean attention distance [L, H] after and before
    training, or None; even: that of a head that looks at all patches alike.
    Returns the Figure.
    """
    if heads is None:
        raise style.Note("Your block computes attention in a way that cannot be watched from outside.")
    fig, (left, right) = style.canvas(10, 4.4, cols=2, sharey=True)
    layers = np.arange(1, len(cnn) + 1)
    sides, weighted, windows = zip(*cnn)
    left.plot(layers, windows, "o--", color=style.SKY, markerfacecolor=style.PAPER,
              label="all pixels of the receptive field alike")
    left.plot(layers, weighted, "o-", color=style.BLUE, label="weighted by the gradient")
    for layer, side, window in zip(layers, sides, windows):
        left.annotate(f"{side} px", (layer, window), (-3, 6), textcoords="offset points", ha="right",
                      fontsize=8, color=style.MUTED)
    left.set(title="CNN (beside the dots: side of the field)", xlabel="convolution")
    left.set(ylabel="mean distance (pixels)", xticks=layers, xlim=(0.5, len(cnn) + 0.5))
    left.legend(loc="upper left")
    even = float(torch.as_tensor(even).double().mean())
    right.axhline(even, color=style.MUTED, linestyle=":", linewidth=1.2, label="all patches alike")
    looks = ((untrained, style.GREY, "x", "a head before training"),
             (heads, style.ORANGE, "o", "a head after training"))
    for values, color, marker, name in looks:
        points = np.asarray(torch.as_tensor(values).detach().double().cpu())
        if points.ndim != 2:
            raise style.Note("This figure wants one number a layer and head, [L, H]: see the check above.")
        place = np.repeat(np.arange(1, len(points) + 1), points.shape[1])
        place = place + (0.12 if marker == "o" else -0.12)
        right.scatter(place, points.flatten(), s=38, marker=marker, color=color, label=name, zorder=3)
    right.set(title="ViT: mean attention distance", xlabel="block", xticks=range(1, len(heads) + 1))
    right.set(xlim=(0.5, len(heads) + 0.5), ylim=(0, 1.45 * max(even, *windows)))
    right.legend(loc="upper left")
    fig.suptitle("How far does each layer look?")
    return fig


@style.drawn
def company(results, alone, counts, tested):
    """Accuracy in train mode against the size of the batch.

    results: {model: shares in 0..1}, one a batch size; alone: {model: share in eval mode}.
    Returns the Figure.
    """
    fig, ax = style.canvas(8, 4.2)
    for name, shares in results.items():
        ax.errorbar(counts, 100 * np.asarray(shares), yerr=_spread(shares, tested), capsize=3,
                    marker="o", markersize=5, color=_color(name), label=f"{name}, train mode")
        ax.axhline(100 * alone[name], color=_color(name), linestyle="--", linewidth=1.2, alpha=0.7)
    ax.plot([], [], color=style.MUTED, linestyle="--", linewidth=1.2, label="the same in eval mode")
    ax.set(title="The same weights, the same digits, another batch size")
    ax.set(xlabel="digits in a batch (logarithmic)", ylabel="validation accuracy (%)")
    ax.set(xscale="log", ylim=(0, 103))
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.minorticks_off()
    _guessing(ax)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
    fig.supxlabel(SURE.format(tested), fontsize=9, color=style.MUTED)
    return fig
