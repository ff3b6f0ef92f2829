"""The pages in a real headless Chromium: nothing a student wrote is executed, they fit a phone, and a large class opens fast."""

import base64
import io
import re
import time
from dataclasses import replace

import nbformat
import pytest

from autograder.judging.verdicts import STATUSES, Verdict
from autograder.pages import diagrams, feedback, report, wording
from helpers.checks.lessons import EXERCISES, bugs
from helpers.checks.messages import GENERAL, SAYINGS

from . import browser

STEMS = ("01_patches", "02_attention_block", "03_vision_transformer", "04_training")
MARK = "document.documentElement.dataset.pwned = 1"
EVIL = (
    f"<script>{MARK}</script>",
    f'"><img src=x onerror="{MARK}">',
    f"'><svg onload='{MARK}'>",
    f"</pre></code></script><script>{MARK}</script>",
    f"javascript:{MARK}//",
    f"{{{{ {MARK} }}}}${{{MARK}}}",
    f"<iframe srcdoc='<script>{MARK}</script>'></iframe><base href='https://example.org/'>",
)
HIDDEN = "red \x1b[31mcolour\x1b[0m \x1b]0;title\x07 turned \u202eecila\u202c zero\u200bwidth \x00 lone \ud800 end"


def png() -> str:
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    figure = Figure(figsize=(9, 2.9))
    figure.subplots(2, 8)
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


def notebook(*sources, title="# 1 · From image to patches"):
    cells = [nbformat.v4.new_markdown_cell(title)]
    for exercise, source in sources:
        cells.append(nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": f"{exercise}_solution", "solution": True}}))
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def record(verdicts, text="", **more):
    return {"state": "found" if text else "missing", "path": "01_patches.ipynb", "repairs": [], "notebook": text, "seconds": 1.0, "cached": False, "verdicts": verdicts} | more


RIGHT = Verdict("img_to_patch", 2.0, 2.0, "graded", rungs=(("it runs", True), ("patches are in order", True)))
WRONG = Verdict(
    "attention_block", 0.9, 3.0, "repaired", ("post_norm", "dropout_missing"), ("builtin_layer", "flag_replaced_functions"), ("The LayerNorm sits after the addition.",),
    (("it runs", True), ("both sub-layers add their result to x", False), ("two LayerNorms", False)),
)  # fmt: skip
LONG = "x = torch.rand(" + "1, " * 200 + "1)"


def student(name, key, bad=()):
    """A student with one verdict of each kind; `bad` puts text of the student everywhere it can stand."""
    said = " ".join(bad) or "a short remark"
    patches = replace(RIGHT, points=0.5, codes=("column_major_order",), picture=png(), messages=(f"RuntimeError: {said}",), rungs=(("it runs", True), ("order", False)))
    return {
        "student": name, "key": key, "name": said if bad else "Ada L.", "notes": [f"{said} was not opened."],
        "notebooks": {
            "01_patches": record([patches], notebook(("img_to_patch", f"# {said}\n{LONG}"), title=f"# {said}"), path=f"{said}.ipynb", repairs=[f"{said} was graded."], late=93_600.0, flags=[said]),
            "02_attention_block": record([WRONG], notebook(("attention_block", said))),
            "03_vision_transformer": record([Verdict("vision_transformer", 0.0, 2.0, "needs_review", messages=(said,))], notebook(("vision_transformer", said))),
            "04_training": record([Verdict(name, 0.0, 1.0, "missing", messages=("not handed in",)) for name in ("test_accuracy", "train_curve", "val_curve")]),
        },
    }  # fmt: skip


def publish(out, results, run=None, troubles=()):
    for result in results:
        for stem, one in result["notebooks"].items():
            feedback.write(out, result["key"], result["student"], stem, one, one["verdicts"], result["notes"])
        feedback.write_index(out, result)
    return report.write(out, results, list(troubles), run)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    out = tmp_path_factory.mktemp("honest")
    publish(out, [student(f"s{number}", f"s{number}") for number in range(3)], {"sandbox": "namespaces", "versions": {"torch": "2.15"}})
    return out


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile")
    names = [f"{text} {HIDDEN}" for text in EVIL]
    changes = [{"student": names[0], "notebook": names[1], "exercise": names[2], "before": 1, "after": 2, "why": names[3]}, names[4]]
    publish(out, [student(name, f"s{number}", EVIL + (HIDDEN,)) for number, name in enumerate(names)], {"sandbox": "none", "changes": changes, "memory": names[0]}, names)
    return out


def pages(out):
    return [out / "feedback" / "s0" / "01_patches.html", out / "feedback" / "s0" / "index.html", out / "report.html"]


# ------------------------------------------------------------------------------------------------- nothing is executed


def test_the_attack_works_where_nothing_defends(tmp_path):
    """Else the next tests could pass for the wrong reason."""
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><html><body>{EVIL[0]}</body></html>")
    assert "data-pwned" in browser.Page(browser.run(page, "--dump-dom")).elements[0][1]


def test_the_policy_of_the_page_alone_stops_it(tmp_path):
    """The second line of defence: the same text unescaped, behind our Content-Security-Policy."""
    made = report.write(tmp_path, [student("a", "a")], [])
    made.write_text(made.read_text(encoding="utf-8").replace("<h1>", f"{EVIL[0]}{EVIL[1]}<h1>", 1), encoding="utf-8")
    dom = browser.Page(browser.run(made, "--dump-dom"))
    assert dom.count("script") == 2 and "data-pwned" not in dom.elements[0][1]
    assert not any("hidden" in attributes for tag, attributes in dom.elements if tag == "p")  # our own script ran: the search is shown


@pytest.mark.parametrize("which", range(3))
def test_nothing_that_students_write_is_executed(hostile, which):
    page = pages(hostile)[which]
    dom = browser.Page(browser.run(page, "--dump-dom"))
    assert "data-pwned" not in dom.elements[0][1]
    assert dom.count("script") == (page.name == "report.html")
    assert not {tag for tag, _ in dom.elements} & {"iframe", "base", "object", "embed", "link", "form"}
    for _, attributes in dom.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href", "action"):
            assert not re.match(r"\s*(javascript|https?|//|file)", attributes.get(name, ""), re.I), attributes
    assert f"<script>{MARK}</script>" in dom.text  # it is shown, as text


@pytest.mark.parametrize("which", range(3))
def test_characters_that_hide_or_turn_text_are_named(hostile, which):
    text = pages(hostile)[which].read_text(encoding="utf-8")
    assert "[U+202E]ecila" in text and "zero[U+200B]width" in text and "red colour" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", text)


def test_pages_ask_the_network_for_nothing(honest):
    for page in (*honest.rglob("*.html"),):
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in text and not re.search(r"(src|href)=\"(https?:)?//|url\(|@import", text), page


# ----------------------------------------------------------------------------------------------------------- how it looks


def test_pages_fit_a_phone(honest, hostile):
    script = """const e = document.documentElement, wide = Array.from(document.body.querySelectorAll('*')).filter(x => !x.closest('.wide, figure, pre') && x.getBoundingClientRect().right > 391);
        return [window.innerWidth, e.scrollWidth, document.body.scrollHeight > 400, wide.slice(0, 3).map(x => x.outerHTML.slice(0, 90))].join('|');"""
    assert browser.measured(script, *pages(honest), *pages(hostile), width=390) == ["390|390|true|"] * 6


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark_mode(honest, dark):
    """Contrast of at least 4.5 to 1 (WCAG AA) for every text on the page."""
    script = """
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                             return .2126 * r + .7152 * g + .0722 * b; };
        const ground = e => { for (; e; e = e.parentElement) { const c = window.getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255,255,255)'; };
        let worst = 99, where = '';
        for (const e of document.body.querySelectorAll('p, h1, h2, li, td, th, summary, span, code, pre, figcaption, b')) {
          if (!e.textContent.trim() || e.closest('svg')) continue;
          const [a, b] = [light(window.getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
          if ((a + .05) / (b + .05) < worst) { worst = (a + .05) / (b + .05); where = e.outerHTML.slice(0, 80); }
        }
        return window.getComputedStyle(document.body).backgroundColor + '|' + worst.toFixed(2) + '|' + where;"""
    for said in browser.measured(script, *pages(honest), dark=dark):
        ground, worst, where = said.split("|", 2)
        assert (ground == "rgb(255, 255, 255)") is not dark
        assert float(worst) >= 4.5, where


def test_the_first_lines_say_the_score_and_what_to_do(honest):
    text = browser.Page((honest / "feedback" / "s0" / "02_attention_block.html").read_text(encoding="utf-8")).text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[1:3] == ["0.9 of 3 points", "To mend: LayerNorm after the addition (Post-LN) instead of before."]
    assert "flag" not in text and "replaced" not in text  # nobody is accused in the feedback
    assert "If you think this is wrong" in text and "<svg" in (honest / "feedback" / "s0" / "02_attention_block.html").read_text()


def test_a_repair_is_told_and_said_to_cost_nothing(honest):
    text = browser.Page((honest / "feedback" / "s0" / "01_patches.html").read_text(encoding="utf-8")).text
    assert "a short remark was graded." in text and "had to be mended before it could be graded. This cost no points, and there is nothing you need to do." in text


def test_full_points_are_never_followed_by_blame():
    practice = Verdict("lit_vit", 0.0, 0.0, "graded", ("loss_summed",))
    said = wording.what_to_do([practice, RIGHT])
    assert said.startswith("You have all points.") and "Training step, which gives none" in said
    assert wording.what_to_do([RIGHT]) == "Everything is right. There is nothing left to do."


def test_the_index_says_where_to_begin(tmp_path):
    def first_line(**notebooks):
        page = feedback.write_index(tmp_path, {"student": "a", "key": "a", "notes": [], "notebooks": notebooks})
        return re.search(r'class="next">([^<]*)<', page.read_text(encoding="utf-8"))[1]

    right, wrong = record([RIGHT], notebook(("img_to_patch", ""))), record([WRONG], notebook(("attention_block", ""), title="# Two"))
    unread, missing, waits = (record([replace(RIGHT, points=0.0, status=status)]) for status in ("not_gradable", "missing", "needs_review"))
    assert first_line(a=right, b=wrong, c=missing) == "Begin with Two: that is where most points are still to be had. Not handed in: c."
    assert first_line(a=right, b=unread) == "Hand in again, since the file cannot be read: b."
    assert first_line(a=missing).startswith("None of the notebooks") and first_line(a=right) == "Everything is right. There is nothing left to do."
    assert first_line(a=right, b=waits) == "Your instructor will look at what is open. There is nothing you need to do."


def test_every_status_is_told_in_plain_words():
    assert set(wording.STATUSES) == set(STATUSES)
    for status in STATUSES:
        verdict = replace(WRONG, status=status, codes=(), points=0.0)
        said = wording.what_to_do([verdict]) + wording.result(verdict)
        assert said and "_" not in said


def test_every_misconception_of_the_core_has_a_name():
    codes = {code for exercise in ("img_to_patch", "attention_block", "vision_transformer", "lit_vit") for code in SAYINGS[exercise]} | set(GENERAL)
    assert codes <= set(wording.MISTAKES)
    assert wording.mistake("some_new_code") == "some new code"


def test_every_misconception_of_the_lessons_has_a_name():
    for exercise in (*EXERCISES, *bugs.OWN):
        assert set(wording.LESSONS[exercise]) == set(SAYINGS[exercise]), exercise
        for code, words in wording.LESSONS[exercise].items():
            assert wording.mistake(code, exercise) == words and words[0].islower() | words.startswith("F1") and not words.endswith("."), code
    for exercise in bugs.JUDGED_AS:
        assert set(SAYINGS[bugs.JUDGED_AS[exercise]]) <= set(wording.MISTAKES)
    assert wording.mistake("wrong_order", "attention_rollout") != wording.mistake("wrong_order", "scaled_dot_product_attention")


def test_every_drawing_can_be_drawn():
    for exercise, looks in diagrams._LOOKS.items():
        for code in looks:
            assert code in SAYINGS[exercise]
            svg = diagrams.of(replace(WRONG, exercise=exercise, codes=(code,)))
            assert svg.startswith("<svg") and svg.count("#b85c00") >= 1, code
    assert diagrams.of(RIGHT) == "" and diagrams.of(replace(WRONG, status="timeout")) == ""


# ------------------------------------------------------------------------------------------------------------- the report


def test_the_report_says_what_an_instructor_asks(hostile, honest):
    text = browser.Page((honest / "report.html").read_text(encoding="utf-8")).text
    assert "Waits for you" in text and "Flagged" in text and "replaced functions" in text
    assert "1 day 2 hours late" in text and "a sandbox (namespaces)" in text and "without a sandbox" not in text
    warned = browser.Page((hostile / "report.html").read_text(encoding="utf-8")).text
    assert warned.index("Student code ran without a sandbox.") < warned.index("Grading report", warned.index("Student code ran"))


def test_searching_and_sorting_the_table(honest):
    script = """
        const rows = () => Array.from(document.querySelectorAll('#students tbody tr')).filter(r => !r.hidden).map(r => r.cells[0].textContent.trim().slice(0, 2)).join(' ');
        const said = [rows()], head = document.querySelectorAll('#students th button');
        document.querySelectorAll('#students tbody tr')[1].cells[5].dataset.sort = 9;
        head[5].click(); said.push(rows().slice(0, 2)); head[0].click(); said.push(rows()); head[0].click(); said.push(rows());
        const box = document.getElementById('search'); box.value = 'S2'; box.dispatchEvent(new window.Event('input')); said.push(rows(), document.getElementById('count').textContent);
        return said.join('|');"""
    assert browser.measured(script, honest / "report.html") == ["s0 s1 s2|s1|s0 s1 s2|s2 s1 s0|s2|1 of 3"]


def test_three_thousand_students_open_fast(tmp_path):
    one = student("s", "s")
    results = [{**one, "student": f"s{number:04d}", "key": f"s{number:04d}"} for number in range(3000)]
    start = time.monotonic()
    page = report.write(tmp_path, results, [])
    assert time.monotonic() - start < 20
    assert page.stat().st_size < 6e6
    script = "return [document.querySelectorAll('#students tbody tr').length, Math.round(window.performance.now())].join()"
    rows, milliseconds = map(int, browser.measured(script, page)[0].split(","))
    assert rows == 3000 and milliseconds < 8000


def test_an_empty_class_has_a_report(tmp_path):
    assert "0 students" in report.write(tmp_path, [], []).read_text(encoding="utf-8")
