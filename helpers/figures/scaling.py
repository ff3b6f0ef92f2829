"""Figures of notebook 09: images, one-batch test, schedule, stochastic depth, ladder, published results."""

import textwrap

import numpy as np
import torch

from helpers.figures import style

KEPT, LEFT_OUT = style.BLUE, style.GREY
LABEL_LEFT = ("CCT-2/3x2",)  # its right-hand neighbour is close
LABEL_ABOVE = ("SPT_LSA's baseline",)  # so is the dot on its right
KINDS = {"plain": style.BLUE, "with convolutions": style.ORANGE, "the study": style.RED}


def _show(ax, image, color=style.MUTED):
    """A colour or grey picture in its frame. image [C, H, W], 0..255."""
    pixels = image.detach().cpu().float().clamp(0, 255).to(torch.uint8)
    ax.imshow(pixels.permute(1, 2, 0).expand(-1, -1, 3).numpy())
    style.frame(ax, color, 0.8)


@style.drawn
def pictures(images, labels, classes, each=3):
    """Some pictures of every class.

    images uint8 [N, C, H, W]; labels int64 [N]; classes: names. Returns the Figure.
    """
    classes = classes[:10]
    width, height = 1.05 * len(classes) + 0.2, 1.05 * each + 0.9
    fig, axes = style.canvas(width, height, rows=each, cols=len(classes), squeeze=False)
    for label, name in enumerate(classes):
        members = images[labels == label][:each]
        for ax in axes[:, label]:
            style.blank(ax)
        for ax, image in zip(axes[:, label], members):
            _show(ax, image)
        axes[0, label].set_title("\n".join(textwrap.wrap(name, 10)), fontsize=9)
    fig.suptitle(f"{images.shape[-1]} x {images.shape[-2]} pixels, {len(classes)} classes")
    return fig


@style.drawn
def one_batch(curves, levels):
    """The loss on one batch that is shown again and again.

    curves: {name: loss at every step}; levels: {name: loss to draw across}. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 3.6)
    for (name, values), color in zip(curves.items(), (style.RED, style.BLUE, style.GREEN)):
        ax.plot(range(1, len(values) + 1), values, color=color, label=name)
    for (name, level), dash in zip(levels.items(), ("--", ":")):
        ax.axhline(level, color=style.MUTED, linestyle=dash, linewidth=1.2, label=f"{name}: {level:.2f}")
    ax.set(title="Can the model learn 32 images by heart?", xlabel="step", ylabel="cross-entropy (nats)")
    ax.set_ylim(0, None)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


@style.drawn
def schedule(factor, total=100, warmups=(5, 10, 30)):
    """What a student's schedule does at every step.

    factor(step, warmup_steps, total_steps) -> number. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 3.2)
    for warmup, color in zip(warmups, (style.GREEN, style.BLUE, style.ORANGE)):
        values = style.call(lambda: [float(factor(step, warmup, total)) for step in range(total)])
        ax.plot(range(total), values, color=color, label=f"{warmup} steps of warm-up")
    ax.axhline(1, color=style.FAINT, zorder=0)
    ax.set(title=f"Your schedule over {total} steps", xlabel="step", ylabel="factor of the learning rate")
    ax.set_ylim(-0.03, 1.08)
    ax.legend(loc="lower left", bbox_to_anchor=(0.32, 0.02))
    return fig


@style.drawn
def drops(drop_path, p=0.3, samples=24, calls=300):
    """What a student's drop_path does to ones: one call, and the mean over many. Returns the Figure."""
    x = torch.ones(samples, 6, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        seen = style.call(lambda: torch.stack([drop_path(x.clone(), p, True) for _ in range(calls)]).float())
        seen = seen.detach()
    if seen.shape != (calls, samples, 6, 4):
        raise style.Note("This figure waits: your drop_path changes the shape of x. Run the check above.")
    fig, (left, right) = style.canvas(9.5, 3.6, cols=2)
    top = max(float(seen[0].max()), 1.0)
    shown = left.imshow(seen[0].mean(-1).T.numpy(), cmap=style.HEAT_CMAP, vmin=0, vmax=top, aspect="auto")
    left.spines[["top", "right"]].set_visible(True)  # a dropped image is white, and not the end of the picture
    left.set(title=f"one call, p = {p}", xlabel="image of the batch", ylabel="token", yticks=range(6))
    fig.colorbar(shown, ax=left, label="what became of 1", location="bottom", shrink=0.8)
    mean = seen.mean((2, 3)).cumsum(0) / torch.arange(1, calls + 1).unsqueeze(1)  # [calls, samples]
    right.plot(range(1, calls + 1), mean[:, :8].numpy(), color=style.SKY, linewidth=1)
    right.plot([], [], color=style.SKY, linewidth=1, label="eight images of the batch")
    right.axhline(1, color=style.RED, linewidth=1.4, label="evaluation: 1")
    right.set(title="over many calls", xlabel="calls so far", ylabel="mean of what became of 1", ylim=(0, 2))
    right.legend(loc="upper right")
    return fig


@style.drawn
def augmented(rows):
    """Pictures and what augmentations make of them.

    rows: {name: (images [N, C, H, W] in 0..255, captions or None)}. Returns the Figure.
    """
    columns = max(len(images) for images, _ in rows.values())
    width, height = 1.3 * columns + 1.6, 1.5 * len(rows) + 0.5
    fig, axes = style.canvas(width, height, rows=len(rows), cols=columns, squeeze=False)
    for line, (name, (images, captions)) in zip(axes, rows.items()):
        for ax in line:
            style.blank(ax)
        for place, (ax, image) in enumerate(zip(line, images)):
            _show(ax, image)
            if captions is not None:
                ax.set_title(captions[place], fontsize=8, fontweight="normal")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    fig.suptitle("What the model is shown")
    return fig


@style.drawn
def ladder(rows, margin, note):
    """Validation and training accuracy of every row of the ladder, from top to bottom.

    rows: list of {"change", "val", "train" (percent), "kept"}; margin: points that a change had to bring;
    note: one line on how it was measured. Returns the Figure.
    """
    if not rows:
        raise style.Note("The ladder has no rows yet.")
    fig, ax = style.canvas(8.5, 0.36 * len(rows) + 1.6)
    for place, row in enumerate(rows):
        color = KEPT if row["kept"] else LEFT_OUT
        ax.plot([row["val"], row["train"]], [place, place], color=style.FAINT, linewidth=3, zorder=1)
        ax.scatter([row["train"]], [place], s=34, facecolor=style.PAPER, edgecolor=color, linewidth=1.4,
                   zorder=2)
        ax.scatter([row["val"]], [place], s=60, marker="D" if row["kept"] else "X", color=color, zorder=3)
    climbed = [(row["val"], place) for place, row in enumerate(rows) if row["kept"]]
    ax.plot(*zip(*climbed), color=KEPT, linewidth=1, zorder=0)
    for marker, color, label in (("D", KEPT, "kept"), ("X", LEFT_OUT, "left out")):
        ax.scatter([], [], s=60, marker=marker, color=color, label=f"validation, {label}")
    ax.scatter([], [], s=34, facecolor=style.PAPER, edgecolor=style.MUTED, linewidth=1.4,
               label="training images, not augmented")
    ax.set(title="One change at a time", xlabel="accuracy (%)", ylabel="row of the ladder")
    ax.set_yticks(range(len(rows)), [row["change"] for row in rows])
    ax.invert_yaxis()
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    rule = f"a change is kept where it brings more than {margin:g} point{'s' * (margin != 1)}"
    fig.supxlabel(f"{rule}   ·   {note}", fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def gaps(results, note):
    """Training and validation accuracy without and with regularisers, for two amounts of data.

    results: {group: {"without": (train, val), "with": (train, val)}}, percent; note: one line on how it was
    measured. Returns the Figure.
    """
    on_training = {"s": 60, "facecolor": style.PAPER, "edgecolor": style.BLUE, "linewidth": 1.6}
    on_validation = {"s": 70, "marker": "D", "color": style.ORANGE}
    fig, axes = style.canvas(10.0, 3.8, cols=len(results), sharey=True, squeeze=False)
    for ax, (group, pair) in zip(axes[0], results.items()):
        for place, (name, (train, val)) in enumerate(pair.items()):
            ax.plot([place, place], [val, train], color=style.FAINT, linewidth=6, zorder=1)
            ax.scatter([place], [train], zorder=2, **on_training)
            ax.scatter([place], [val], zorder=3, **on_validation)
            ax.annotate(f"gap {train - val:.0f}", (place, (train + val) / 2), (9, 0), va="center", fontsize=9,
                        textcoords="offset points", color=style.MUTED)
        ax.set(title=group, xlabel="regularisers", xticks=range(len(pair)), xticklabels=list(pair))
        ax.set_xlim(-0.5, len(pair) - 0.3)
    axes[0, 0].set_ylabel("accuracy (%)")
    last = axes[0, -1]
    last.scatter([], [], label="training images,\nnot augmented", **on_training)
    last.scatter([], [], label="validation", **on_validation)
    last.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    fig.suptitle("About as many steps, the same recipe")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def published(rows):
    """Published CIFAR-10 results: accuracy against size.

    rows: list of (name, million parameters, percent, epochs, kind of KINDS). Returns the Figure.
    """
    fig, ax = style.canvas(9.5, 6.0)
    for name, size, accuracy, epochs, kind in rows:
        area = 14 * np.sqrt(epochs)
        ax.scatter([size], [accuracy], s=area, color=KINDS[kind], alpha=0.85, edgecolor=style.PAPER, zorder=2)
        away = 4 + np.sqrt(area / np.pi)  # outside the dot
        words = f"{name}, {epochs:,}" if name else f"{epochs:,}"
        place, side = (away, -3), "left"
        if name in LABEL_LEFT:
            place, side = (-away, -3), "right"
        elif name in LABEL_ABOVE:
            place, side = (0, away), "right"
        ax.annotate(words, (size, accuracy), place, textcoords="offset points", ha=side, fontsize=8, color=style.INK)
    for kind, color in KINDS.items():
        ax.scatter([], [], s=60, color=color, label=kind)
    ax.axhline(10, color=style.FAINT, zorder=0)
    ax.text(0.09, 10.8, "guessing", va="bottom", color=style.MUTED, fontsize=9)
    ax.set(title="CIFAR-10 from scratch, as published (the number behind each name: epochs)")
    ax.set(xlabel="parameters (millions, logarithmic)", ylabel="accuracy (%)")
    ax.set(xscale="log", xlim=(0.08, 40), ylim=(5, 103))
    ax.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    ax.minorticks_off()
    ax.legend(loc="center right")
    return fig
