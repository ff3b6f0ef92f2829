"""The reports: PDF, HTML, curves."""

import json
import shutil
import subprocess

import matplotlib
import nbformat

from helpers import handin_pdf, handin_report
from helpers.handin_notebooks import Remark
from tests.submission import BODIES, marked, notebook, png

AWKWARD = "def img_to_patch(x):\n\t'''Größe – Ελληνικά – 中文注释 – 한국어 – עברית – 😀 ∀ε>0 √ \x00\x07 <b>& &lt;para>'''\n" + "    return " + "+x" * 300


def awkward():
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m 10%\r100%\n"] + ["line\n"] * 500 + ["z" * 100_000]},
        {"output_type": "display_data", "data": {"image/png": "no picture"}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/png": [png(size=(3000, 200))]}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": "<x>", "traceback": []},
        "no output at all",
    ]
    cell = {"cell_type": "code", "metadata": marked("img_to_patch_solution", solution=True), "source": AWKWARD, "outputs": outputs, "execution_count": 1}
    answer = {"cell_type": "markdown", "metadata": marked("essay", solution=True), "source": "Because <b>positions</b> & 中文.\n\n" + "long " * 3000}
    return {"cells": [cell, answer, {"cell_type": "raw", "metadata": {}, "source": "x"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_the_pdf_copes_with_anything_and_reads_as_text(tmp_path):
    remarks = [Remark("missing", "a <file> & 中文 is missing")]
    made = [handin_pdf.make_pdf({"01_patches": awkward()}, remarks, "epoch,val_acc\n0,0.5\n1,0.75\n", {"lit_vit": "class LitViT: pass"}) for _ in range(2)]
    assert made[0] == made[1] and made[0].startswith(b"%PDF")
    assert len(made[0]) < 400_000  # fonts are cut down to the characters used, pictures to what a page shows
    if shutil.which("pdftotext"):
        (tmp_path / "report.pdf").write_bytes(made[0])
        shown = subprocess.run(["pdftotext", "report.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for expected in ("Größe", "Ελληνικά", "∀ε>0", "<b>& &lt;para>", "lines left out", "E: <x>", "Because <b>positions</b>", "carry/lit_vit.py", "class LitViT: pass", "100%"):
            assert expected in shown
        assert "10%" not in shown.replace("100%", "")


def test_the_html_runs_nothing_of_what_a_notebook_carries():
    node = awkward()
    node["cells"][0]["outputs"] = node["cells"][0]["outputs"][:-1]
    for page in (handin_report.make_html({"01_patches": node}, [], ""), handin_report._plain_html(node).encode()):
        assert b"<script" not in page.lower() and b"alert(1)</script" not in page
        assert "Größe".encode() in page and b"data:image/png;base64," in page


def test_sections_show_code_results_and_pictures():
    shown = handin_report.sections(json.loads(nbformat.writes(notebook("01_patches"))))
    assert [kind for kind, _ in shown] == ["heading", "code", "note", "picture"]
    assert shown[1][1] == BODIES["img_to_patch"]


def test_curves_are_drawn_only_where_there_are_numbers_and_leave_the_notebooks_figures_alone():
    matplotlib.use("agg")
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    assert handin_report.curves_figure("epoch,step,train_loss,val_loss\n0,1,2.0,1.5\n1,2,1.0,\n").startswith(b"\x89PNG")
    assert handin_report.curves_figure("") is None and handin_report.curves_figure("a,b\n1,2\n") is None
    assert pyplot.get_fignums() == before
