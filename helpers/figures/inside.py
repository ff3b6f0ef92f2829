"""Figures of notebook 10: heads, rollout, the test of deletion, positions, token norms, and what today's blocks change."""

import numpy as np

from helpers.figures import style

RANKINGS = {"rollout": style.BLUE, "last layer": style.ORANGE, "hiding": style.GREEN, "ink": style.INK,
            "untrained rollout": style.SKY, "at random": style.GREY}


def _over(ax, values, picture, **kwargs):
    """A map of the patches with the outline of the digit on it. values [h, w]; picture [H, W]."""
    extent = (-0.5, picture.shape[1] - 0.5, picture.shape[0] - 0.5, -0.5)
    shown = ax.imshow(values, extent=extent, **kwargs)
    ax.contour(picture, levels=[0.5 * (float(picture.max()) + float(picture.min()))], colors=[style.RED], linewidths=1.1)
    style.frame(ax)
    return shown


def _grid(values):
    """[N] -> [h, w] for a square grid."""
    side = round(len(values) ** 0.5)
    return values.reshape(side, side).detach().float().cpu().numpy()


@style.drawn
def heads(image, weights):
    """What the class token looks at in every layer and head.

    image [1, H, W]; weights [L, H, T, T] with the class token first, or None where they cannot be seen. Returns the Figure.
    """
    if weights is None:
        raise style.Note("Your block computes attention in a way that cannot be watched from outside. Sections 10.4 to 10.6 work all the same.")
    layers, number = weights.shape[:2]
    picture = image.detach().float().mean(0).cpu().numpy()
    fig, axes = style.canvas(1.7 * number + 1.6, 1.75 * layers + 0.8, rows=layers, cols=number, squeeze=False)
    top = float(weights[:, :, 0, 1:].float().quantile(0.98))  # one patch that gets nearly all must not make the others pale
    for layer in range(layers):
        for head in range(number):
            shown = _over(axes[layer, head], _grid(weights[layer, head, 0, 1:]), picture, cmap=style.HEAT_CMAP, vmin=0, vmax=top)
            if layer == 0:
                axes[0, head].set_title(f"head {head + 1}")
        axes[layer, 0].set_ylabel(f"layer {layer + 1}")
    fig.colorbar(shown, ax=axes, label="weight of the patch (share of 1)", shrink=0.8, extend="max")
    fig.suptitle("Where the class token looks")
    return fig


@style.drawn
def maps(images, labels, columns):
    """Several maps of the same digits side by side.

    images [N, 1, H, W]; labels [N]; columns: {title: (tensor [N, patches], whether it has a sign)}. Returns the Figure.
    """
    fig, axes = style.canvas(1.9 * (1 + len(columns)) + 0.4, 1.85 * len(images) + 1.1, rows=len(images), cols=1 + len(columns), squeeze=False)
    for row, (image, label) in enumerate(zip(images, labels)):
        picture = image.detach().float().mean(0).cpu().numpy()
        axes[row, 0].imshow(picture, cmap=style.DIGIT_CMAP)
        axes[row, 0].set_ylabel(f"a {int(label)}", rotation=0, ha="right", va="center", fontsize=11)
        style.frame(axes[row, 0])
        for ax, (values, signed) in zip(axes[row, 1:], columns.values()):
            limit = max(float(values[row].abs().max()), 1e-6)
            look = {"cmap": "PuOr_r", "vmin": -limit} if signed else {"cmap": style.HEAT_CMAP, "vmin": float(values[row].min())}
            _over(ax, _grid(values[row]), picture, vmax=limit, **look)
    for ax, title in zip(axes[0], ["digit", *columns]):
        ax.set_title(title)
    fig.suptitle("Which patches made it this digit? Three answers")
    fig.supxlabel("rollout, last layer: share of 1; hiding: nats (orange speaks for the digit, purple against it); every map is scaled for itself, dark is much", fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def deletion(curves, patches, note):
    """Accuracy while more and more patches are painted over, the ones that a ranking names first.

    curves: {ranking: accuracies in 0..1, one for each number of `patches`}; patches: how many were hidden; note: how it was measured.
    Returns the Figure.
    """
    fig, ax = style.canvas(8.5, 4.0)
    for name, accuracies in curves.items():
        ax.plot(patches, [100 * value for value in accuracies], marker="o", markersize=4, color=RANKINGS.get(name, style.PURPLE), label=name)
    ax.axhline(10, color=style.FAINT, zorder=0)
    ax.text(patches[0], 9, "guessing", ha="left", va="top", color=style.MUTED, fontsize=9)
    ax.set(title="Hide what a map calls important: which map knows?", xlabel="patches painted over", ylabel="accuracy (%)", ylim=(0, 103))
    fig.legend(*ax.get_legend_handles_labels(), title="hidden first by", loc="outside right center")
    fig.supxlabel(note, fontsize=9, color=style.MUTED)
    return fig


@style.drawn
def positions(before, after):
    """How alike the positions are: one small map for each patch, before and after training.

    before, after: cosines of every two patch positions [N, N], or None where the model's positions cannot be found.
    Returns the Figure.
    """
    if after is None:
        raise style.Note("No learned positions of the usual shape were found in your model, so there is nothing to draw here.")
    fig, axes = style.canvas(10, 5.1, cols=2)
    for ax, alike, title in zip(axes, (before, after), ("at the start", "after training")):
        side = round(len(alike) ** 0.5)
        board = np.full((side * (side + 1) - 1, side * (side + 1) - 1), np.nan)
        for patch, line in enumerate(np.asarray(alike, dtype=float)):
            top, left = patch // side * (side + 1), patch % side * (side + 1)
            board[top : top + side, left : left + side] = line.reshape(side, side)
        shown = ax.imshow(board, cmap="PuOr_r", vmin=-1, vmax=1)
        middle = [side / 2 - 0.5 + k * (side + 1) for k in range(side)]
        ax.set(title=title, xticks=middle, yticks=middle, xticklabels=range(1, side + 1), yticklabels=range(1, side + 1), xlabel="column of the patch", ylabel="row of the patch")
    fig.colorbar(shown, ax=axes, label="cosine similarity (1: the same direction)", shrink=0.8)
    fig.suptitle("Each small map: one patch's position against all others")
    return fig


@style.drawn
def norms(lengths):
    """Length of the tokens after every block. lengths: list of [B, T] on the CPU, the class token first. Returns the Figure."""
    if not lengths:
        raise style.Note("No blocks that hand tokens on were found in your model, so there is nothing to draw here.")
    fig, ax = style.canvas(7.5, 3.6)
    parts = ax.violinplot([layer[:, 1:].flatten().numpy() for layer in lengths], positions=range(1, len(lengths) + 1), widths=0.7, showextrema=True)
    for body in parts["bodies"]:
        body.set(facecolor=style.BLUE, alpha=0.35)
    for name in ("cbars", "cmins", "cmaxes"):
        parts[name].set(color=style.BLUE, linewidth=1)
    ax.plot(range(1, len(lengths) + 1), [float(layer[:, 0].mean()) for layer in lengths], "o-", color=style.RED, label="class token, mean")
    ax.plot([], [], color=style.BLUE, linewidth=6, alpha=0.35, label="patch tokens")
    ax.set(title="How long the tokens are", xlabel="after block", ylabel="Euclidean norm", xticks=range(1, len(lengths) + 1), ylim=(0, None))
    ax.legend(loc="upper left")
    return fig


@style.drawn
def switches(results, note):
    """Validation accuracy of a block with one switch turned, each seed a point.

    results: {name: accuracies in 0..1}, the first is the plain block; note: one line on how it was measured. Returns the Figure.
    """
    fig, ax = style.canvas(7.5, 0.45 * len(results) + 1.6)
    names = list(results)
    plain = 100 * float(np.mean(results[names[0]]))
    ax.axvline(plain, color=style.FAINT, zorder=0)
    for row, name in enumerate(names):
        points = 100 * np.asarray(results[name], dtype=float)
        ax.scatter(points, row + np.linspace(-0.14, 0.14, len(points)), s=26, color=style.SKY, zorder=2)
        ax.scatter([points.mean()], [row], s=70, marker="D", color=style.RED if row else style.INK, zorder=3)
    ax.set(title="One switch at a time", xlabel="validation accuracy (%)", yticks=range(len(names)), yticklabels=names)
    ax.invert_yaxis()
    fig.supxlabel(f"diamond: mean, dots: seeds   ·   {note}", fontsize=9, color=style.MUTED)
    return fig
