"""Figures of notebook 04: the split, the augmentation, the learning rate, the curves, and what the model gets wrong."""

import numpy as np
import seaborn as sns
import torch
from matplotlib.ticker import MaxNLocator

from helpers.figures import style

TRAIN, VAL, TEST = style.BLUE, style.ORANGE, style.RED


@style.drawn
def split(digits):
    """The three parts of the data, what each is for, and how many digits of each class it has.

    digits: helpers.data.Digits. Returns the Figure.
    """
    parts = (("training", digits.train, TRAIN, "changes the weights"), ("validation", digits.val, VAL, "chooses the checkpoint"),
             ("test", digits.test, TEST, "used once, at the end"))
    fig, (top, bottom) = style.canvas(9.5, 4.2, rows=2, height_ratios=(1, 1.7))
    style.blank(top, (0, 1), (0, 1))
    top.set_title(f"{digits.source}: each part has one job")
    weights = [0.18 + len(part) / sum(len(p) for _, p, _, _ in parts) * 0.46 for _, part, _, _ in parts]  # wide enough to read
    left = 0.0
    for (name, part, color, job), width in zip(parts, weights):
        style.box(top, left + width / 2, 0.5, width - 0.012, 0.86, f"{name}: {len(part):,}\n{job}", color)
        left += width
    counts = np.stack([np.bincount(part.labels.cpu().numpy(), minlength=10) / len(part) for _, part, _, _ in parts])  # [3, 10]
    for row, (name, _, color, _) in enumerate(parts):
        bottom.bar(np.arange(10) + 0.27 * (row - 1), 100 * counts[row], width=0.25, color=color, label=name)
    bottom.set(xticks=range(10), xlabel="digit", ylabel="share of the part (%)", title="the parts look alike", ylim=(0, 140 * counts.max()))
    bottom.legend(ncols=3, loc="upper right")
    return fig


@style.drawn
def augmentation(images, augment, copies=5, seed=0):
    """Each digit, some augmented copies of it, and its mirror image.

    images: uint8 or float [N, 1, H, W]; augment: maps float [B, 1, H, W] to the same, with generator=. Returns the Figure.
    """
    generator = torch.Generator().manual_seed(seed)
    images = images.detach().float().cpu()
    copied = torch.stack([augment(images, generator=generator) for _ in range(copies)], dim=1)  # [N, copies, 1, H, W]
    fig, axes = style.canvas(9.0, 1.35 * len(images) + 0.5, rows=len(images), cols=copies + 2, squeeze=False)
    for row, (image, line) in enumerate(zip(images, copied)):
        for column, (ax, picture) in enumerate(zip(axes[row], [image, *line, image.flip(-1)])):
            ax.imshow(picture[0].numpy(), cmap=style.DIGIT_CMAP)
            style.frame(ax, style.RED if column == copies + 1 else style.MUTED if column else style.INK, 2.0 if column in (0, copies + 1) else 0.8)
    axes[0, 0].set_title("original")
    axes[0, (copies + 1) // 2].set_title("turned, shifted, scaled")
    axes[0, -1].set_title("mirrored", color=style.RED)
    return fig


@style.drawn
def learning_rate(rates, steps_per_epoch):
    """The learning rate at every step of training. rates: list of floats. Returns the Figure."""
    fig, ax = style.canvas(7.5, 2.7)
    ax.plot(np.arange(len(rates)) / steps_per_epoch, rates, color=style.BLUE)
    top = int(np.argmax(rates))
    ax.axvspan(0, top / steps_per_epoch, color=style.tint(style.ORANGE, 0.25), zorder=0)
    ax.annotate("warm-up", (0.02, 0.04), xycoords=("data", "axes fraction"), fontsize=9, color=style.INK)
    ax.annotate("cosine down to zero", (0.62, 0.72), xycoords="axes fraction", fontsize=9, color=style.INK)
    ax.set(title="Small steps first, large ones in the middle, tiny ones at the end", xlabel="epoch", ylabel="learning rate", xlim=(0, len(rates) / steps_per_epoch), ylim=(0, None))
    return fig


@style.drawn
def curves(history):
    """Loss and accuracy per epoch on training and validation digits, the best epoch marked.

    history: DataFrame with epoch, train_loss, val_loss, train_acc, val_acc (helpers.training.history). Returns the Figure.
    """
    fig, axes = style.canvas(9.5, 3.5, cols=2)
    epochs = history["epoch"] + 1
    best = int(history["val_acc"].idxmax())
    for ax, name, label in ((axes[0], "loss", "cross-entropy (nats)"), (axes[1], "acc", "accuracy (%)")):
        scale = 100 if name == "acc" else 1
        for part, color, title in (("train", TRAIN, "training"), ("val", VAL, "validation")):
            sns.lineplot(x=epochs, y=scale * history[f"{part}_{name}"], ax=ax, color=color, label=title, marker="o", errorbar=None)
        ax.axvline(epochs[best], color=style.FAINT, zorder=0)
        ax.set(xlabel="epoch", ylabel=label, title="loss" if name == "loss" else "accuracy")
        ax.xaxis.get_major_locator().set_params(integer=True)
    value = 100 * history["val_acc"][best]
    axes[1].scatter([epochs[best]], [value], s=130, facecolor="none", edgecolor=style.INK, linewidth=1.5, zorder=5)
    left = best < (len(history) - 1) / 2
    axes[1].annotate(f"best: {value:.2f} %", (epochs[best], value), (0, -46), textcoords="offset points", ha="left" if left else "right", fontsize=9,
                     arrowprops={"arrowstyle": "-", "color": style.MUTED, "shrinkB": 7})
    axes[0].set_ylim(0, 1.08 * history[["train_loss", "val_loss"]].to_numpy().max())
    return fig


@style.drawn
def confusion(matrix, title="Which digits are taken for which?"):
    """A confusion matrix: rows true, columns predicted, mistakes in colour. matrix: int [K, K]. Returns the Figure."""
    matrix = torch.as_tensor(matrix).cpu().numpy()
    wrong = matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype))
    fig, ax = style.canvas(6.2, 5.4)
    sns.heatmap(wrong, ax=ax, cmap=style.HEAT_CMAP, square=True, linewidths=0.6, linecolor=style.FAINT, cbar_kws={"label": "digits taken for another one", "shrink": 0.8, "ticks": MaxNLocator(integer=True)}, vmin=0, vmax=max(1, wrong.max()))
    dark = 0.55 * wrong.max()
    for row, column in np.ndindex(matrix.shape):
        if row == column or matrix[row, column]:
            color = style.MUTED if row == column else "white" if wrong[row, column] > dark else style.INK
            ax.text(column + 0.5, row + 0.5, f"{matrix[row, column]:,}", ha="center", va="center", fontsize=9, color=color)
    right = np.trace(matrix)
    ax.set(title=f"{title}\n{right:,} of {matrix.sum():,} right; each coloured field is a kind of mistake", xlabel="predicted digit", ylabel="true digit")
    ax.tick_params(length=0, labelrotation=0)
    return fig


@style.drawn
def mistakes(images, labels, probabilities, most=18):
    """The wrongly read digits, the most confident mistakes first.

    images [N, 1, H, W], labels int [N], probabilities [N, K] (softmax of the logits). Returns the Figure.
    """
    images, labels, probabilities = images.detach().float().cpu(), labels.cpu(), probabilities.detach().cpu()
    confidence, predicted = probabilities.max(dim=1)
    wrong = (predicted != labels).nonzero()[:, 0]
    wrong = wrong[confidence[wrong].argsort(descending=True)]
    shown = wrong[:most]
    columns = 6
    rows = max(1, -(-len(shown) // columns))
    fig, axes = style.canvas(9.0, 1.85 * rows + 0.5, rows=rows, cols=columns, squeeze=False)
    fig.suptitle(f"{len(wrong):,} of {len(labels):,} digits are read wrongly" + (", the most confident mistakes first" if len(wrong) else ""))
    for ax in axes.flat:
        style.blank(ax)
    for ax, index in zip(axes.flat, shown.tolist()):
        ax.imshow(images[index, 0].numpy(), cmap=style.DIGIT_CMAP)
        style.frame(ax)
        ax.set_title(f"{labels[index]} read as {predicted[index]}\n{confidence[index]:.0%} sure", fontsize=9, fontweight="normal")
    return fig


@style.drawn
def class_token(images, attention, effects, labels):
    """Where the class token looks, layer by layer, and which patches the answer depends on.

    images [N, 1, H, W]; attention: list of N tensors [L, H, T, T] (class token first), or of None where the weights
    cannot be seen; effects: list of N tensors [h, w], change of the log-probability; labels: int [N]. Returns the Figure.
    """
    layers = len(attention[0]) if attention[0] is not None else 0
    columns = 2 + layers
    fig, axes = style.canvas(1.85 * columns + 0.4, 1.8 * len(images) + 0.75, rows=len(images), cols=columns, squeeze=False)
    for row, (image, weights, effect, label) in enumerate(zip(images, attention, effects, labels)):
        picture = image.detach().float().mean(0).cpu().numpy()
        extent = (-0.5, picture.shape[1] - 0.5, picture.shape[0] - 0.5, -0.5)
        axes[row, 0].imshow(picture, cmap=style.DIGIT_CMAP)
        axes[row, 0].set_ylabel(f"a {int(label)}", rotation=0, ha="right", va="center", fontsize=11)
        maps = [] if weights is None else list(weights[:, :, 0, 1:].mean(1).unflatten(1, effect.shape))  # [L] of [h, w], mean over heads
        for ax, values in zip(axes[row, 1:], maps):
            ax.imshow(values.numpy(), cmap=style.HEAT_CMAP, vmin=0, vmax=float(values.max()), extent=extent)
        limit = max(float(effect.abs().max()), 1e-6)
        axes[row, -1].imshow(effect.numpy(), cmap="PuOr_r", vmin=-limit, vmax=limit, extent=extent)
        for ax in axes[row, 1:]:
            ax.contour(picture, levels=[0.5 * (float(picture.max()) + float(picture.min()))], colors=[style.RED if ax is not axes[row, -1] else style.INK], linewidths=1.1)
        for ax in axes[row]:
            style.frame(ax)
    axes[0, 0].set_title("digit")
    for layer in range(layers):
        axes[0, 1 + layer].set_title(f"attention, layer {layer + 1}")
    axes[0, -1].set_title("effect of hiding")
    note = "hiding: orange patches speak for the digit,\npurple ones against it"
    if layers:
        note = "attention: mean over heads, dark is much   ·   hiding: orange patches speak for the digit, purple ones against it"
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig
