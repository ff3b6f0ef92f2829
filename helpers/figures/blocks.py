"""Figures of notebook 02: attention weights, heads, Post-LN against Pre-LN, and the measurements made there."""

import numpy as np
import torch
from matplotlib.patches import Rectangle

from . import style
from .patches import _border, _corners, _cut, _pixels, _show


@style.drawn
def softmax_scale(dims=(4, 64, 1024), keys=12, seed=0):
    """Softmax of the products of one random query with random keys, without and with the factor 1/sqrt(d)."""
    random = np.random.default_rng(seed)
    fig, axes = style.canvas(10, 4.2, 2, len(dims), sharey=True, sharex=True)
    for column, d in zip(axes.T, dims):
        scores = np.einsum("qd,qkd->qk", random.standard_normal((200, d)), random.standard_normal((200, keys, d)))
        for ax, scale, color in zip(column, (1.0, d ** -0.5), (style.RED, style.BLUE)):
            weights = np.exp(scale * (scores - scores.max(axis=1, keepdims=True)))
            weights /= weights.sum(axis=1, keepdims=True)
            ax.bar(range(1, keys + 1), np.sort(weights, axis=1)[:, ::-1].mean(axis=0), color=color, width=0.75)
            ax.set_ylim(0, 1.05)
        column[0].set_title(f"d = {d}")
        column[1].set_xlabel("keys, the favourite first")
    axes[0, 0].set_ylabel("no scaling\nweight")
    axes[1, 0].set_ylabel("divided by √d\nweight")
    fig.suptitle(f"Attention weights of {keys} random keys, mean of 200 random queries (entries of variance 1)")
    return fig


def attention_heatmap(ax, weights, title):
    """Draw attention weights [T, T] on `ax`: rows look, columns are looked at -> the image, for a colour bar."""
    weights = torch.as_tensor(weights).detach().double().cpu().numpy()
    picture = ax.imshow(weights, cmap=style.HEAT_CMAP, vmin=0)
    ax.set(title=title, xlabel="key: the token that is looked at", ylabel="query: the token that looks")
    return picture


@style.drawn
def look_alike(attention, img_to_patch, image, patch_size, queries=None, sharpness=4.0):
    """Attention of raw patches on each other: nothing is learned, similar patches find each other.

    attention     fn(q, k, v), each [1, 1, N, d] -> (values, weights [1, 1, N, N])
    img_to_patch  fn(x, patch_size, flatten_channels)
    image         [C, H, W]
    queries       numbers of the patches whose view is drawn; None takes four with strong edges
    sharpness     q and k are the patches, centred and of length 1; the products are multiplied by this
    """
    flat = _cut(img_to_patch, torch.as_tensor(image).double() / 255, patch_size).flatten(1)  # [N, d]
    tokens, d = flat.shape
    keys = torch.nn.functional.normalize(flat - flat.mean(0), dim=-1)
    q = keys * sharpness * d ** 0.5  # undoes the 1/sqrt(d) inside attention, so that `sharpness` is what it says
    answer = style.call(attention, q[None, None], keys[None, None], flat[None, None])
    weights = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else None
    if not torch.is_tensor(weights) or tuple(weights.shape) != (1, 1, tokens, tokens):
        raise style.Note(f"This figure needs the pair (values, weights) with weights of shape {[1, 1, tokens, tokens]}: run the check above, it says what to try.")
    weights = weights[0, 0].detach()
    if queries is None:
        queries = sorted(flat.var(dim=1).argsort(descending=True)[:16:4].tolist())
    picture = _pixels(image)
    height, width = picture.shape[:2]
    fig = style.plt.figure(figsize=(10, 4.6), layout="constrained")
    left, right = fig.subfigures(1, 2, width_ratios=(1.15, 1))
    ax = left.subplots()
    left.colorbar(attention_heatmap(ax, weights, f"All {tokens} x {tokens} weights"), ax=ax, label="weight (every row sums to 1)", shrink=0.85)
    for query in queries:
        ax.add_patch(Rectangle((-0.5, query - 0.5), tokens, 1, fill=False, edgecolor=style.RED, linewidth=1.4))
    panels = list(right.subplots(2, -(-len(queries) // 2)).flat)
    for ax in panels:
        style.blank(ax)
    for ax, query in zip(panels, queries):
        _show(ax, 0.75 * picture)
        for number, row, column in _corners(height, width, patch_size):
            share = float(weights[query, number] / weights[query].max())
            ax.add_patch(Rectangle((column, row), patch_size, patch_size, facecolor=style.BLUE, alpha=0.75 * share, edgecolor="none"))
            if number == query:
                _border(ax, column + 0.3, row + 0.3, patch_size - 0.6, patch_size - 0.6, style.RED, 2.4)
        style.blank(ax, (-0.3, width + 0.3), (height + 0.3, -0.3), equal=True)
        ax.set_title(f"patch {query} looks (red) at blue", fontsize=9)
    return fig


@style.drawn
def heads(tokens=5, embed_dim=12, num_heads=3):
    """How the D numbers of every token are dealt out to the heads: [T, D] -> [H, T, d]."""
    d = embed_dim // num_heads
    fig, ax = style.canvas(10, 2.6)

    def block(left, top, columns, color, label):
        for row in range(tokens):
            for column in range(columns):
                ax.add_patch(Rectangle((left + column, top + row), 1, 1, facecolor=style.tint(color, 0.55), edgecolor=style.PAPER, linewidth=1.5))
        ax.text(left + columns / 2, top + tokens + 0.3, label, ha="center", va="top")

    for head in range(num_heads):
        block(head * d, 0, d, style.PALETTE[head], f"{head * d} to {(head + 1) * d - 1}")
    ax.text(embed_dim / 2, -0.4, f"one matrix [T, D] = [{tokens}, {embed_dim}]", ha="center", va="bottom", fontweight="bold")
    ax.text(-0.4, tokens / 2, "T tokens", ha="right", va="center", rotation=90)
    style.arrow(ax, (embed_dim + 0.7, tokens / 2), (embed_dim + 3.1, tokens / 2))
    ax.text(embed_dim + 1.9, tokens / 2 - 0.35, "deal out", ha="center", va="bottom", fontsize=9, color=style.MUTED)
    start = embed_dim + 4.2
    for head in range(num_heads):
        block(start + head * (d + 1.6), 0, d, style.PALETTE[head], f"head {head}: [T, d]")
    ax.text(start + (num_heads * (d + 1.6) - 1.6) / 2, -0.4, f"H = {num_heads} matrices [T, d] = [{tokens}, {d}], each with its own attention", ha="center", va="bottom", fontweight="bold")
    style.blank(ax, (-1.2, start + num_heads * (d + 1.6) - 1.4), (tokens + 1.1, -1.1), equal=True)
    return fig


def _block(ax, x, title, branches, norm_on_path, color):
    """One block: the residual path goes straight up at `x`, each branch leaves it, passes its boxes and is added back."""
    side, y = x + 2.3, 0.0
    ax.text(x + 1.3, 7.15, title, ha="center", va="bottom", fontsize=13, fontweight="bold")
    ax.text(x, y - 0.1, "x  [B, T, D]", ha="center", va="top")
    for boxes in branches:
        leave = y + 0.35
        style.path(ax, [(x, y), (x, leave)], color, width=4, head=False)
        style.path(ax, [(x, leave), (side, leave), (side, leave + 0.35)])
        for number, (text, box_color) in enumerate(boxes):
            middle = leave + 0.65 + 0.95 * number
            if number:
                style.arrow(ax, (side, middle - 0.65), (side, middle - 0.3))
            style.box(ax, side, middle, 2.7, 0.6, text, box_color)
        end = leave + 0.95 * len(boxes) + 0.45
        style.path(ax, [(side, middle + 0.3), (side, end), (x + 0.26, end)])
        style.path(ax, [(x, leave), (x, end - 0.24)], color, width=4, head=False)
        style.plus(ax, x, end, radius=0.36)
        y = end + 0.24
        if norm_on_path:
            style.path(ax, [(x, y), (x, y + 0.35)], color, width=4, head=False)
            style.box(ax, x, y + 0.65, 1.9, 0.6, "LayerNorm", style.RED, strength=0.35, weight="bold")
            y += 0.95
    style.path(ax, [(x, y), (x, 6.35)], color, width=4, head=False)
    style.arrow(ax, (x, 6.3), (x, 6.55), color, width=4)
    ax.text(x, 6.65, "[B, T, D]", ha="center", va="bottom")


@style.drawn
def post_ln_and_pre_ln():
    """The two orders of a Transformer block, side by side. Source: Xiong et al. 2020, figure 1."""
    fig, ax = style.canvas(9, 6.0)
    norm, attention, mlp = ("LayerNorm", style.ORANGE), ("Multi-head attention", style.BLUE), ("MLP", style.GREEN)
    _block(ax, 1.0, "Post-LN (the 2017 Transformer)", [[attention], [mlp]], True, style.GREY)
    _block(ax, 7.0, "Pre-LN (you build this one)", [[norm, attention], [norm, mlp]], False, style.GREEN)
    ax.text(2.3, -0.85, "The LayerNorms stand on the residual path:\nall that passes is rescaled, twice in every block.", ha="center", va="top", color=style.RED)
    ax.text(8.3, -0.85, "The residual path is free: from the output\nback to the input there are only sums.", ha="center", va="top", color=style.GREEN)
    style.blank(ax, (-0.6, 11.2), (-1.9, 7.8))
    return fig


@style.drawn
def gradients(by_layer, by_depth):
    """Gradient norms at the first step: {name: [one per layer]} and {name: {depth: norm of the last layer}}."""
    fig, (left, right) = style.canvas(10, 3.8, 1, 2)
    colors = dict(zip(by_layer, (style.RED, style.GREEN)))
    for (name, norms), marker in zip(by_layer.items(), "os"):
        left.plot(range(1, len(norms) + 1), norms, marker=marker, color=colors[name], label=name)
    left.set(title=f"A stack of {len(norms)} blocks, before any training", xlabel="block (1 is next to the input)", ylabel="norm of the gradient")
    for (name, norms), marker in zip(by_depth.items(), "os"):
        right.plot(list(norms), list(norms.values()), marker=marker, color=colors[name], label=name)
    right.set(title="The block next to the output", xlabel="blocks in the stack", ylabel="norm of the gradient", xscale="log")
    right.set_xticks(list(norms), [str(depth) for depth in norms])
    right.minorticks_off()
    for ax in (left, right):
        ax.set_ylim(0)
        ax.grid(axis="y")
        ax.legend()
    return fig


@style.drawn
def first_steps(curves, guessing):
    """Training loss of the first steps: {name: [one per step]}, smoothed, with the loss of guessing as a line."""
    fig, ax = style.canvas(8, 3.8)
    for (name, losses), color, line in zip(curves.items(), (style.RED, style.ORANGE, style.GREEN), ("-", "--", "-")):
        ax.plot(losses, color=color, alpha=0.2, linewidth=1)
        smooth = [np.mean(losses[max(0, step - 9):step + 1]) for step in range(len(losses))]
        ax.plot(smooth, line, color=color, label=name)
    ax.axhline(guessing, color=style.MUTED, linewidth=1, linestyle=":")
    ax.text(1.01, guessing, "guessing", va="center", color=style.MUTED, transform=ax.get_yaxis_transform())
    ax.set(title="The first steps of a deep stack (thick: mean of 10 steps)", xlabel="step", ylabel="training loss (nats)", ylim=(0, 1.5 * guessing))
    ax.grid(axis="y")
    ax.legend(loc="lower left")
    return fig


@style.drawn
def equivariance(out, out_of_shuffled, order):
    """Outputs [T, D] of a block for tokens, for the same tokens in another order, and the latter put back in place."""
    back = torch.empty_like(out_of_shuffled)
    back[order] = out_of_shuffled
    panels = ((out, range(len(order)), "block(x)"), (out_of_shuffled, order.tolist(), "block(x, rows shuffled)"),
              (back, range(len(order)), "the middle one, rows put back"))
    limit = float(out.detach().abs().max())
    fig, axes = style.canvas(10, 3.6, 1, 3)
    for ax, (values, names, title) in zip(axes, panels):
        picture = ax.imshow(values.detach().numpy(), cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
        ax.set(title=title, xlabel="number inside the token", ylabel="token")
        ax.set_yticks(range(len(order)), [str(name) for name in names], fontsize=7)
    fig.colorbar(picture, ax=axes, label="value")
    return fig
