"""One look for all figures: colours, fonts, boxes and arrows.

    @style.drawn                                  # fonts and colours inside, no second display, returns the Figure
    def my_figure(x):
        fig, ax = style.canvas(7, 4)              # inches; a grid of axes with rows=, cols=
        ax.plot(x, color=style.BLUE)
        ax.set(title="...", xlabel="epoch", ylabel="loss (nats)")
        return fig
"""

import textwrap
from functools import wraps

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import FancyBboxPatch

# seaborn's "colorblind" palette, by name.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"
BROWN, PINK, GREY, YELLOW, SKY = "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, PINK, GREY, YELLOW, SKY)

PAPER, INK, MUTED, FAINT = "#ffffff", "#1f2430", "#5c6370", "#d9dde3"
DPI = 100  # fixed: the printed size of a figure is the same on every machine

DIGIT_CMAP = "gray_r"  # ink on paper
HEAT_CMAP = LinearSegmentedColormap.from_list("heat", [PAPER, "#cfe3f1", SKY, BLUE, "#01304d"])  # 0 is paper

RC = {
    "figure.facecolor": PAPER, "axes.facecolor": PAPER, "savefig.facecolor": PAPER, "figure.dpi": DPI,
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "axes.edgecolor": MUTED,
    "xtick.color": MUTED, "ytick.color": MUTED, "grid.color": FAINT, "grid.linewidth": 0.8,
    "axes.prop_cycle": plt.cycler(color=PALETTE), "axes.spines.top": False, "axes.spines.right": False,
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10,
    "figure.titlesize": 13, "figure.titleweight": "bold", "axes.titleweight": "bold",
    "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9, "legend.frameon": False,
    "lines.linewidth": 2, "image.interpolation": "nearest",
}


class Note(Exception):
    """Raised inside a figure function that cannot draw: its one sentence is shown in the figure's place."""


def call(student_code, *args, **kwargs):
    """Run a student's function for a figure; an error in it becomes a Note instead of a traceback."""
    try:
        return student_code(*args, **kwargs)
    except NotImplementedError:
        raise Note("This figure waits: it shows what your code above does, and that is not implemented yet.") from None
    except Exception as error:
        raise Note(f"This figure waits: your code raised {type(error).__name__}. Run the check above, it says what to try.") from None


def _note(text):
    """A strip that carries one sentence."""
    fig, ax = canvas(8, 0.9)
    blank(ax, (0, 1), (0, 1))
    ax.text(0.5, 0.5, textwrap.fill(text, 95), ha="center", va="center", color=INK)
    fig.set_facecolor(tint(ORANGE, 0.15))
    ax.set_facecolor(tint(ORANGE, 0.15))
    return fig


def drawn(draw):
    """Decorator of a function that returns a Figure: draw in this style, and let the notebook show it once."""

    @wraps(draw)
    def wrapper(*args, **kwargs):
        with plt.rc_context(RC):
            try:
                fig = draw(*args, **kwargs)
            except Note as note:
                fig = _note(str(note))
            fig.draw_without_rendering()  # ticks are made on first use: make them while the style holds
        plt.close(fig)  # else the notebook shows it twice: as the cell's value and as an open figure
        return fig

    return wrapper


def canvas(width=7.0, height=4.0, rows=1, cols=1, **kwargs):
    """A new figure of `width` x `height` inches -> (fig, axes); `axes` as from plt.subplots."""
    return plt.subplots(rows, cols, figsize=(width, height), layout="constrained", **kwargs)


def blank(ax, xlim=None, ylim=None, equal=False):
    """Make `ax` a drawing board: no frame, no ticks."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if xlim is not None:
        ax.set_xlim(*xlim)
    if ylim is not None:
        ax.set_ylim(*ylim)
    if equal:
        ax.set_aspect("equal")
    return ax


def frame(ax, color=MUTED, width=1.0):
    """A picture's frame: all four sides, no ticks."""
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, color=color, linewidth=width)
    return ax


def tint(color, strength=0.2):
    """A light tint of `color` for fills that carry dark text -> (r, g, b)."""
    return tuple(1 - strength * (1 - channel) for channel in to_rgb(color))


def box(ax, x, y, width, height, text, color=BLUE, *, fontsize=10, strength=0.2, weight="normal", zorder=3):
    """A rounded box centred on (x, y) in data units, with dark text on a tint of `color`."""
    rounding = 0.15 * min(width, height)
    ax.add_patch(FancyBboxPatch(
        (x - width / 2 + rounding, y - height / 2 + rounding), width - 2 * rounding, height - 2 * rounding,
        boxstyle=f"round,pad={rounding},rounding_size={rounding}", facecolor=tint(color, strength), edgecolor=color, linewidth=1.4, zorder=zorder))
    ax.text(x, y, text, ha="center", va="center", fontsize=fontsize, color=INK, fontweight=weight, zorder=zorder + 1)


def arrow(ax, start, end, color=MUTED, *, width=1.5, bend=0.0, style="-|>", zorder=2):
    """An arrow from `start` to `end` (data units); `bend` curves it, 0 is straight."""
    ax.annotate("", xy=end, xytext=start, zorder=zorder, arrowprops={
        "arrowstyle": style, "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 11,
        "connectionstyle": f"arc3,rad={bend}"})


def path(ax, points, color=MUTED, *, width=1.5, head=True, zorder=2):
    """A line through `points` (data units) with right angles where they have them; the last piece ends in an arrow head."""
    xs, ys = zip(*points)
    ax.plot(xs if not head else xs[:-1], ys if not head else ys[:-1], color=color, linewidth=width, zorder=zorder, solid_capstyle="butt")
    if head:
        arrow(ax, points[-2], points[-1], color, width=width, zorder=zorder)


def plus(ax, x, y, radius=0.16, color=INK, zorder=4):
    """The circled plus of a residual sum at (x, y)."""
    ax.scatter([x], [y], s=(radius * 1000), facecolor=PAPER, edgecolor=color, linewidth=1.4, zorder=zorder)
    ax.text(x, y, "+", ha="center", va="center", fontsize=12, color=color, zorder=zorder + 1)
