"""report.html of a hand-in, and what both reports show: code, results, figures and the curves of training."""

import base64
import html
import importlib.util
import io
import re

from helpers import handin_notebooks
from helpers.handin_notebooks import grade_id, text

OUTPUT_LINES = 30
OUTPUT_COLUMNS = 400
LARGEST_PICTURE = 8 * 2**20
WIDEST = 1600  # pixels; a wider picture is made smaller
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


# --------------------------------------------------------------------------------------------------------------------
# What is shown, for both forms


def sections(notebook):
    """A notebook as a list of (kind, value): "heading" text, "note" text, "code" text, "output" text, "picture" PNG bytes.

    Shown are headings, written answers, solution cells with their code, and of every other cell what it printed and drew.
    """
    shown = []
    for cell in notebook["cells"]:
        source, name = text(cell), grade_id(cell) or ""
        if cell.get("cell_type") == "markdown":
            if name:
                shown.append(("note", source))
            else:
                shown += [("heading", line.lstrip("# ").replace("`", "").strip()) for line in source.splitlines() if re.match(r"#{1,3} ", line)]
        elif cell.get("cell_type") == "code":
            if name.endswith("_solution"):
                shown.append(("code", source.rstrip()))
            elif name:
                shown.append(("note", f"Test cell {name}"))
            for output in cell.get("outputs", []) if isinstance(cell.get("outputs"), list) else []:
                for kind, value in _output(output) if isinstance(output, dict) else []:
                    if kind == "output" and shown and shown[-1][0] == "output":
                        kind, value = "output", f"{shown.pop()[1]}\n{value}"  # a kernel sends one print in several pieces
                    shown.append((kind, value))
    return shown


def _output(output):
    data = output.get("data") if isinstance(output.get("data"), dict) else {}
    picture = _picture(data.get("image/png"))
    if picture:
        return [("picture", picture)]
    if output.get("output_type") == "error":
        printed = f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    else:
        printed = output.get("text", data.get("text/plain", ""))
    printed = _printed("".join(map(str, printed)) if isinstance(printed, list) else str(printed))
    return [("output", printed)] if printed else []


def _printed(value):
    """Printed text without colours and overwritten progress bars, cut to OUTPUT_LINES."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in ANSI.sub("", value).split("\n")]
    lines = [line[:OUTPUT_COLUMNS] + (" ..." if len(line) > OUTPUT_COLUMNS else "") for line in lines]
    if len(lines) > OUTPUT_LINES:
        left_out = len(lines) - OUTPUT_LINES
        lines = [*lines[: OUTPUT_LINES - 5], f"... {left_out} lines left out ...", *lines[-5:]]
    return "\n".join(lines).strip("\n")


def _picture(value):
    """PNG bytes of an output that Pillow can read, not wider than WIDEST; None for any other."""
    from PIL import Image

    value = "".join(value) if isinstance(value, list) else value
    if not isinstance(value, str) or len(value) > LARGEST_PICTURE * 4 // 3:
        return None
    try:
        content = base64.b64decode(value)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.width * image.height > 50_000_000:
                return None
            image.load()
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image.convert("RGBA"), mask=image.convert("RGBA").getchannel("A"))
            if flat.width > WIDEST:
                flat = flat.resize((WIDEST, max(1, flat.height * WIDEST // flat.width)))
        out = io.BytesIO()
        flat.save(out, "PNG", optimize=True)
        return out.getvalue()
    except Exception:  # a damaged picture is left out
        return None


def curves_figure(metrics):
    """PNG of loss and accuracy per epoch from the text of metrics.csv; None where there is nothing to draw."""
    from matplotlib.figure import Figure  # not pyplot: the notebook's own figures stay as they are

    from helpers.evidence_judge import curves

    rows = curves(metrics)
    if not rows:
        return None
    figure = Figure(figsize=(8, 3), dpi=130, facecolor="white", layout="constrained")
    for axes, what, unit in zip(figure.subplots(1, 2), ("loss", "acc"), ("cross-entropy (nats)", "accuracy (share of digits)")):
        for part, colour in (("train", "#0173b2"), ("val", "#de8f05")):
            points = [(epoch + 1, row[f"{part}_{what}"]) for epoch, row in sorted(rows.items()) if f"{part}_{what}" in row]
            if points:
                axes.plot(*zip(*points), "o-", color=colour, markersize=3, label={"train": "training", "val": "validation"}[part])
        axes.set(title={"loss": "Loss", "acc": "Accuracy"}[what], xlabel="epoch", ylabel=unit)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
        else:
            axes.text(0.5, 0.5, "not logged", ha="center", transform=axes.transAxes)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


# --------------------------------------------------------------------------------------------------------------------
# HTML


def make_html(notebooks, remarks, metrics):
    """The report as one HTML page: remarks, curves, and each notebook in full; bytes.

    notebooks: {stem: notebook}. remarks: list of Remark. metrics: text of metrics.csv. Uses nbconvert where it is
    installed; else the code cells and their outputs are written plainly.
    """
    curves = curves_figure(metrics)
    parts = [f"<li><b>{r.kind}</b> {html.escape(r.text)}</li>" for r in remarks]
    body = ["<h1>Vision Transformer: hand-in</h1>", f"<ul>{''.join(parts)}</ul>" if parts else "<p>Nothing is missing.</p>"]
    if curves:
        body.append(f'<h2>Training</h2><img alt="loss and accuracy per epoch" src="data:image/png;base64,{base64.b64encode(curves).decode()}">')
    for stem, notebook in notebooks.items():
        body.append(f'<hr><section id="{stem}"><p><code>{stem}.ipynb</code></p>{_notebook_html(notebook)}</section>')
    style = (
        "body{font-family:sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#1f2430;background:#fff}"
        "pre{background:#f4f5f7;padding:.6em;overflow-x:auto;white-space:pre-wrap}img{max-width:100%}.jp-InputPrompt,.jp-OutputPrompt,.prompt,.anchor-link{display:none}"
        "table{border-collapse:collapse}td,th{border:1px solid #d9dde3;padding:.2em .6em}"
    )
    page = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Vision Transformer: hand-in</title><style>{style}</style></head><body>{"".join(body)}</body></html>\n'
    return page.encode("utf-8", errors="replace")


def _notebook_html(notebook):
    if importlib.util.find_spec("nbconvert") and importlib.util.find_spec("nbformat"):
        try:
            return _by_nbconvert(notebook)
        except Exception:  # an odd cell or output: the plain form below copes with anything
            pass
    return _plain_html(notebook)


def _by_nbconvert(notebook):
    import logging
    import warnings

    import nbformat
    from nbconvert import HTMLExporter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node = nbformat.reads(handin_notebooks.dump(notebook).decode("utf-8"), as_version=4)
        # Sanitised: what a student's output carries must not run in the browser of whoever reads the report.
        quiet = logging.getLogger("helpers.report")  # its advice on alternative texts is not for students
        quiet.setLevel(logging.CRITICAL)
        exporter = HTMLExporter(log=quiet, template_name="basic", sanitize_html=True, exclude_input_prompt=True, exclude_output_prompt=True)
        return exporter.from_notebook_node(node)[0]


def _plain_html(notebook):
    parts = []
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "markdown":
            parts.append(f"<div style='white-space:pre-wrap'>{html.escape(text(cell))}</div>")
        else:
            parts.append(f"<pre>{html.escape(text(cell))}</pre>")
        for output in cell.get("outputs", []) if isinstance(cell.get("outputs"), list) else []:
            for kind, value in _output(output) if isinstance(output, dict) else []:
                if kind == "picture":
                    parts.append(f'<img alt="figure" src="data:image/png;base64,{base64.b64encode(value).decode()}">')
                else:
                    parts.append(f"<pre>{html.escape(value)}</pre>")
    return "\n".join(parts)
