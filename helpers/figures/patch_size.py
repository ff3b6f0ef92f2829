"""Figures of notebook 07: patches and their cost, equal epochs and equal time, positions on another grid."""

import numpy as np
import torch
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from helpers.figures import style

EPOCHS, TIME = style.BLUE, style.ORANGE
WAYS = {"on the grid": style.BLUE, "first rows": style.RED, "none": style.GREY,
        "moved on the grid": style.BLUE, "moved, first rows": style.RED, "fresh weights": style.GREEN}


def _plain_ticks(axis, values):
    """Ticks of a logarithmic axis at these values alone, written out."""
    axis.set_major_locator(FixedLocator(list(values)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_ticklabels([f"{value:,}" for value in values])


@style.drawn
def cut(image, patch_sizes):
    """One image [1, H, W], cut into patches of several sizes that divide its sides. Returns the Figure."""
    picture = image.detach().float().mean(0).cpu().numpy()
    height, width = picture.shape
    fig, axes = style.canvas(2.4 * len(patch_sizes), 3.0, cols=len(patch_sizes), squeeze=False)
    for ax, p in zip(axes[0], patch_sizes):
        ax.imshow(picture, cmap=style.DIGIT_CMAP)
        ax.vlines(np.arange(p, width, p) - 0.5, -0.5, height - 0.5, color=style.RED, linewidth=0.9)
        ax.hlines(np.arange(p, height, p) - 0.5, -0.5, width - 0.5, color=style.RED, linewidth=0.9)
        rows, columns = height // p, width // p
        style.frame(ax)
        ax.set_title(f"patch {p}")
        ax.set_xlabel(f"{rows} x {columns} = {rows * columns} patches\n{rows * columns + 1} tokens")
    fig.suptitle(f"One image of {height} x {width} pixels, cut in {len(patch_sizes)} ways")
    return fig


@style.drawn
def scaling(curves):
    """What a token costs as images grow.

    curves: {name: (tokens, cost of a token relative to that in the smallest image, tokens at which the two
    parts of a block cost the same)}. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 3.9)
    for (name, (tokens, relative, balance)), color in zip(curves.items(), (style.BLUE, style.ORANGE)):
        ax.plot(tokens, relative, "o-", markersize=4, color=color, label=name)
        ax.axvline(balance, color=color, linestyle="--", linewidth=1.2)
        ax.text(balance, 0.99, f" 2D + M = {balance:,}", color=style.INK, fontsize=9, va="top", ha="left",
                transform=ax.get_xaxis_transform())
    tokens = next(iter(curves.values()))[0]
    ax.set(xscale="log", yscale="log", title="Flat: linear cost. Rising: the square of the tokens",
           xlabel="tokens of the image (logarithmic)",
           ylabel="MACs for each token,\nrelative to the smallest image")
    _plain_ticks(ax.xaxis, tokens)
    top = max(max(relative) for _, relative, _ in curves.values())
    _plain_ticks(ax.yaxis, [value for value in (1, 2, 5, 10, 20, 50, 100) if value < 2 * top])
    ax.set_ylim(0.8, 2.2 * top)
    ax.legend(loc="center left")
    return fig


@style.drawn
def cost_law(macs, milliseconds):
    """Time of a training step against counted MACs.

    macs: {patch size: MACs of one image, forward}; milliseconds: {patch size: time of one image, forward,
    backward and update}, without an entry where nothing was measured: there the line's forecast is drawn.
    Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 4.2)
    anchor = max(milliseconds, key=lambda p: macs[p])  # the model with most work follows the law best
    rate = milliseconds[anchor] / macs[anchor]
    ends = np.array([0.6 * min(macs.values()), 1.6 * max(macs.values())])
    ax.plot(ends / 1e6, rate * ends, color=style.GREY, linestyle="--", linewidth=1.2,
            label=f"time in proportion to MACs, through patch {anchor}")
    measured = sorted(milliseconds)
    ax.plot([macs[p] / 1e6 for p in measured], [milliseconds[p] for p in measured], "o", markersize=9,
            color=style.BLUE, label="measured")
    forecast = [p for p in macs if p not in milliseconds]
    ax.plot([macs[p] / 1e6 for p in forecast], [rate * macs[p] for p in forecast], "o", markersize=9,
            markerfacecolor=style.PAPER, markeredgecolor=style.BLUE, label="forecast")
    for p in macs:
        ax.annotate(f"patch {p}", (macs[p] / 1e6, milliseconds.get(p, rate * macs[p])), (-9, 7),
                    textcoords="offset points", ha="right", fontsize=9, color=style.INK)
    ax.set(xscale="log", yscale="log", title="Predicted cost and measured time",
           xlabel="counted forward MACs of one image (millions)", ylabel="time for one image (ms)")
    ax.legend(loc="lower right")
    return fig


@style.drawn
def sweep(equal_epochs, equal_time, note):
    """Accuracy of several patch sizes, trained for equal epochs and for equal time.

    equal_epochs, equal_time: {patch size: {"accuracy": percent, "seconds": ..., "epochs": ...}};
    note: one line on how it was measured. Returns the Figure.
    """
    fig, axes = style.canvas(10, 4.0, cols=2, sharey=True)
    left, right = axes
    for results, color, name, marker in ((equal_epochs, EPOCHS, "equal epochs", "o"),
                                         (equal_time, TIME, "equal time", "D")):
        patches = sorted(results)
        values = [results[p]["accuracy"] for p in patches]
        left.plot(range(len(patches)), values, marker=marker, color=color, label=name)
        seconds = [results[p]["seconds"] for p in patches]
        right.scatter(seconds, values, marker=marker, s=48, color=color, zorder=3)
        above = color == EPOCHS
        for p in patches:
            one = results[p]
            if above or one is not equal_epochs.get(p):  # a run that is in both is named once
                right.annotate(f"{p}  ({one['epochs']:.3g} epochs)", (one["seconds"], one["accuracy"]),
                               (0, 8) if above else (8, -3), textcoords="offset points", fontsize=8,
                               ha="center" if above else "left", color=style.INK)
    patches = sorted(equal_epochs)
    left.set(title="Two answers to one question", xticks=range(len(patches)), xticklabels=patches,
             xlabel="patch size (pixels)", ylabel="validation accuracy (%)")
    left.legend()
    right.set(title="What each answer costs", xscale="log", xlabel="training time (s, logarithmic)")
    right.margins(x=0.25, y=0.15)
    explained = "numbers on the right: patch size (epochs it had)"
    fig.supxlabel(f"{explained}   ·   {note}", fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def positions(before, after, old_grid, new_grid, features=4):
    """Some features of the patch positions as images, on the old grid and on the new one.

    before [1, 1 + h*w, D], after [1, 1 + h'*w', D], the class position first; the features that vary most are
    shown. Returns the Figure.
    """
    both = [torch.as_tensor(values).detach().float().cpu() for values in (before, after)]
    maps = [values[0, 1:].T for values in both]  # [D, h*w], [D, h'*w']
    chosen = maps[0].std(dim=1).argsort(descending=True)[:features].tolist()
    limit = float(maps[0][chosen].abs().max())
    fig, axes = style.canvas(2.0 * features + 1.2, 4.5, rows=2, cols=features, squeeze=False)
    for row, (values, grid) in enumerate(zip(maps, (tuple(old_grid), tuple(new_grid)))):
        for ax, feature in zip(axes[row], chosen):
            shown = ax.imshow(values[feature].reshape(grid).numpy(), cmap="PuOr_r", vmin=-limit, vmax=limit)
            style.frame(ax)
            if row == 0:
                ax.set_title(f"feature {feature}")
        axes[row, 0].set_ylabel(f"{grid[0]} x {grid[1]} patches")
    fig.colorbar(shown, ax=axes, label="value of the position", shrink=0.8)
    fig.suptitle("Positions are images with many channels")
    return fig


@style.drawn
def other_sizes(curves, sizes, trained_at, note):
    """Accuracy of a trained model on images of other sizes.

    curves: {way to make positions: accuracies in percent, one a size}; sizes: sides in pixels;
    note: one line on how it was measured. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 4.0)
    for name, values in curves.items():
        ax.plot(sizes, values, "o-", markersize=4, color=WAYS.get(name, style.PURPLE), label=name)
    ax.axvline(trained_at, color=style.FAINT, zorder=0)
    ax.axhline(10, color=style.FAINT, zorder=0)
    ax.text(trained_at, 0.02, " trained at this size", color=style.MUTED, fontsize=9, va="bottom",
            transform=ax.get_xaxis_transform())
    ax.text(sizes[-1], 11, "guessing", ha="right", va="bottom", color=style.MUTED, fontsize=9)
    ax.set(title="The same weights, images of another size", xlabel="side of the image (pixels)",
           ylabel="validation accuracy (%)", xticks=sizes, ylim=(0, 100))
    ax.legend(title="positions")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def fine_tuning(lines, title, note):
    """Accuracy during a short training. lines: {start: [(step, percent), ...]}; note: how it was measured. Returns the Figure."""
    fig, ax = style.canvas(7.5, 3.8)
    for name, line in lines.items():
        steps, values = zip(*line)
        ax.plot(steps, values, "o-", markersize=5, color=WAYS.get(name, style.PURPLE), label=name)
    ax.axhline(10, color=style.FAINT, zorder=0)
    ax.set(title=title, xlabel="step (batches of 96 images)", ylabel="validation accuracy (%)", ylim=(0, 100))
    ax.legend(loc="lower right")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def spectrum(spectra):
    """Singular values of the maps from original pixels to one patch.

    spectra: {name: values, falling}. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 3.8)
    floor = 1e-4
    for (name, values), color, marker in zip(spectra.items(), (style.INK, style.BLUE, style.ORANGE), "sDo"):
        values = values.cpu().numpy()
        there = int((values > 1e-6).sum())
        ax.plot(range(1, len(values) + 1), np.maximum(values, floor), marker=marker, markersize=4,
                linewidth=1, color=color, label=f"{name}: {there} of {len(values)}")
    ax.text(0.99, floor * 1.25, "zero", ha="right", color=style.MUTED, fontsize=9,
            transform=ax.get_yaxis_transform())
    ax.set(yscale="log", title="How many independent numbers are in a patch?",
           xlabel="singular value, the largest first", ylabel="size of the singular value")
    ax.legend(title="independent numbers", loc="center right")
    return fig


@style.drawn
def upscaled(results, note, tested):
    """Accuracy, with its standard error, and training time of some models side by side.

    results: {name: {"accuracy": percent, "seconds": ...}}; note: one line on how it was measured;
    tested: images that were asked about. Returns the Figure.
    """
    names = list(results)
    fig, axes = style.canvas(9.5, 0.5 * len(names) + 1.9, cols=2, sharey=True)
    panels = (("accuracy", EPOCHS, "what it reaches", "validation accuracy (%)"),
              ("seconds", TIME, "what it takes", "training time (s)"))
    for ax, (key, color, title, label) in zip(axes, panels):
        values = [results[name][key] for name in names]
        sure = [(value * (100 - value) / tested) ** 0.5 for value in values] if key == "accuracy" else None
        ax.barh(range(len(names)), values, color=color, height=0.6, xerr=sure, error_kw={"elinewidth": 1.2, "ecolor": style.INK})
        for row, value in enumerate(values):
            ax.annotate(f"{value:.1f}", (value, row), (10, 0), textcoords="offset points", va="center",
                        fontsize=9, color=style.INK)
        ax.set(title=title, xlabel=label, xlim=(0, 1.15 * max(values)), yticks=range(len(names)),
               yticklabels=names)
    axes[0].set_ylabel("model: patch of image (pixels)")
    axes[0].invert_yaxis()
    fig.suptitle("The same clothes, scaled up")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig
