"""What a figure says and whether it can be drawn: used by the tests of the figures."""

import io

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def words(figure):
    """The words that stand in a figure, titles and axis labels included, one entry each."""
    return [text.get_text() for text in figure.findobj(plt.Text) if text.get_text()]


def texts(figure):
    """All words that stand in a figure, as one text."""
    return "\n".join(words(figure))


def written(figure):
    """The figure as PNG bytes; drawing must not warn (a missing glyph, a layout that collapses)."""
    assert isinstance(figure, Figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
