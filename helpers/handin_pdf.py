"""report.pdf of a hand-in, drawn by reportlab: needs neither LaTeX nor a browser."""

import html
import io
import re
from pathlib import Path

from helpers import handin_notebooks
from helpers.handin_notebooks import text
from helpers.handin_report import curves_figure, sections

CODE_COLUMNS = 108
MOST_PICTURES = 80
MARGIN = 54  # points
# Characters a font for Western text lacks and PDF readers have fonts of their own for.
FOREIGN = {"STSong-Light": re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+"), "HYSMyeongJo-Medium": re.compile("[\uac00-\ud7af]+")}


def make_pdf(notebooks, remarks, metrics, code):
    """The report as a PDF of A4 pages; bytes. Raises ImportError where reportlab is not installed.

    notebooks: {stem: notebook}. remarks: list of Remark. metrics: text of metrics.csv. code: {exercise: source} of carry/,
    shown for exercises whose notebook is not there.
    """
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import HRFlowable, Paragraph, SimpleDocTemplate, Spacer, XPreformatted

    styles = _styles()
    width = A4[0] - 2 * MARGIN

    def picture(content):
        return _image(content, width, 0.6 * A4[1])

    story = [Paragraph("Vision Transformer: hand-in", styles["title"])]
    for remark in remarks:
        story.append(Paragraph(_marked_up(f"{remark.kind}: {remark.text}"), styles["text"]))
    if not remarks:
        story.append(Paragraph("Nothing is missing.", styles["text"]))
    curves = curves_figure(metrics)
    if curves:
        story += [Paragraph("Training", styles["h1"]), picture(curves)]
    pictures = 0
    for stem, notebook in notebooks.items():
        story += [Spacer(0, 10), HRFlowable(width="100%", lineCap="butt", color=colors.HexColor("#949494")), Paragraph(f"{stem}.ipynb", styles["h1"])]
        for kind, value in sections(notebook):
            if kind == "picture":
                pictures += 1
                story.append(picture(value) if pictures <= MOST_PICTURES else Paragraph("(a further figure: see report.html)", styles["text"]))
            elif kind in ("code", "output"):
                story.append(XPreformatted(_marked_up(_wrapped(value)), styles[kind]))
            else:
                for paragraph in value.split("\n\n"):
                    story.append(Paragraph(_marked_up(paragraph), styles["h2" if kind == "heading" else "text"]))
    shown = "\n".join(text(cell) for notebook in notebooks.values() for cell in notebook["cells"])
    for exercise, source in code.items():
        if f"{handin_notebooks.NAMES.get(exercise, exercise)}(" not in shown:
            story += [Paragraph(_marked_up(f"carry/{exercise}.py"), styles["h1"]), XPreformatted(_marked_up(_wrapped(source)), styles["code"])]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title="Vision Transformer: hand-in", author="", invariant=1,
    )  # fmt: skip
    document.build(story, onFirstPage=_footer, onLaterPages=_footer)
    return out.getvalue()


def _styles():
    import matplotlib
    from reportlab.lib import colors
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # DejaVu comes with matplotlib on every machine
    for name in ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, fonts / f"{name}.ttf"))
    for name in FOREIGN:
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(UnicodeCIDFont(name))
    ink, pale = colors.HexColor("#1f2430"), colors.HexColor("#f4f5f7")
    text_style = ParagraphStyle("text", fontName="DejaVuSans", fontSize=9, leading=13, textColor=ink, spaceAfter=4)
    return {
        "text": text_style,
        "title": ParagraphStyle("title", text_style, fontName="DejaVuSans-Bold", fontSize=18, leading=24, spaceAfter=10),
        "h1": ParagraphStyle("h1", text_style, fontName="DejaVuSans-Bold", fontSize=13, leading=18, spaceBefore=10, spaceAfter=6, keepWithNext=1),
        "h2": ParagraphStyle("h2", text_style, fontName="DejaVuSans-Bold", fontSize=10, leading=14, spaceBefore=6, keepWithNext=1),
        "code": ParagraphStyle("code", text_style, fontName="DejaVuSansMono", fontSize=7.2, leading=9.4, backColor=pale, borderPadding=4, spaceBefore=6, spaceAfter=8),
        "output": ParagraphStyle("output", text_style, fontName="DejaVuSansMono", fontSize=7.2, leading=9.4, leftIndent=8, spaceAfter=6),
    }


def _image(content, width, height):
    from reportlab.platypus import Image

    image = Image(io.BytesIO(content))
    scale = min(width / image.drawWidth, height / image.drawHeight, 0.62)  # 0.62: a notebook's pixels at print size
    image.drawWidth, image.drawHeight = image.drawWidth * scale, image.drawHeight * scale
    image.hAlign = "LEFT"
    return image


def _wrapped(value):
    """Lines cut at CODE_COLUMNS, tabs as blanks; a continued line starts with an arrow."""
    lines = []
    for line in value.expandtabs(4).split("\n"):
        lines.append(line[:CODE_COLUMNS])
        rest = line[CODE_COLUMNS:]
        while rest:
            lines.append("  \u21b3 " + rest[: CODE_COLUMNS - 4])
            rest = rest[CODE_COLUMNS - 4 :]
    return "\n".join(lines)


def _marked_up(value):
    """Text safe for reportlab's markup: control characters out, Chinese, Japanese and Korean in fonts that have them."""
    kept = "".join(c if c in "\n\t" or (c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF) else " " if c.isspace() else "\ufffd" for c in value)
    kept = html.escape(kept, quote=False)
    for font, characters in FOREIGN.items():
        kept = characters.sub(lambda match: f'<font name="{font}">{match.group()}</font>', kept)
    return kept


def _footer(canvas, document):
    canvas.saveState()
    canvas.setFont("DejaVuSans", 7)
    canvas.drawRightString(document.pagesize[0] - MARGIN, MARGIN / 2, str(document.page))
    canvas.restoreState()
