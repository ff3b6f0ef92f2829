"""Submissions whose files are damaged: encodings, formats, names, zips, links, and ids of students that are none."""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from autograder.sample_class import CORE, Material

from .sample import PRIVATE, Expected, Sample, everywhere, only

ONE, TWO = CORE[:2]
NOT_GRADABLE = Expected(0.0, ("not_gradable",))
BIG = 50 * 10**6


def text(m: Material, stem: str = ONE) -> str:
    """A right notebook as the text of its file."""
    return nbformat.writes(m.notebook(stem))


def saved(save: Callable[[dict], bytes], name: str = f"{ONE}.ipynb", stem: str = ONE) -> Callable[[Material], dict[str, bytes]]:
    """Makes a submission of one right notebook, written by `save`."""
    return lambda m: {name: save(json.loads(text(m, stem)))}


def dump(notebook: dict) -> bytes:
    return json.dumps(notebook).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def colab(notebook: dict) -> dict:
    """As Colab saves a notebook that was opened from Drive, with what it knows about the person."""
    person, mail, photo, user, tag, drive = PRIVATE
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["metadata"]["id"] = cell.pop("id", "x")[:12]
        if cell["cell_type"] == "code":
            cell["metadata"] |= {
                "outputId": "0b1c2d3e-1111-2222-3333-444455556666",
                "colab": {"base_uri": "https://localhost:8080/", "height": 221},
                "executionInfo": {"status": "ok", "timestamp": 1700000000000, "user_tz": -60, "elapsed": 12, "user": {"displayName": person, "userId": user, "photoUrl": f"https://{photo}", "email": mail}},
            }
    widgets = {"application/vnd.jupyter.widget-state+json": {"4f": {"model_module": "@jupyter-widgets/controls", "model_name": "HBoxModel", "state": {"layout": "IPY_MODEL_1"}}}}
    about = {"provenance": [{"file_id": drive, "timestamp": 1}], "authorship_tag": tag, "gpuType": "T4", "name": f"Copy of {person}.ipynb", "include_colab_link": True}
    metadata = {**notebook["metadata"], "colab": about, "accelerator": "GPU", "widgets": widgets, "authors": [{"name": person}], "gpuClass": "standard", "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": notebook["cells"]}


def from_colab(m: Material) -> dict[str, bytes]:
    made = {f"Copy of {stem}.ipynb": dump(colab(json.loads(text(m, stem)))) for stem in CORE}
    return {**m.run, **made}


def format_3(notebook: dict) -> bytes:
    cells = []
    for cell in notebook["cells"]:
        one = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        one |= {"input": cell["source"], "language": "python", "outputs": []} if cell["cell_type"] == "code" else {"source": cell["source"]}
        cells.append(one)
    return dump({"metadata": {"name": ONE}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]})


def with_output(output: dict) -> Callable[[dict], bytes]:
    def save(notebook: dict) -> bytes:
        next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["outputs"] = [output]
        return dump(notebook)

    return save


def changed(**more) -> Callable[[dict], bytes]:
    return lambda notebook: dump({**notebook, **more})


def each_cell(change: Callable[[int, dict], object]) -> Callable[[dict], bytes]:
    def save(notebook: dict) -> bytes:
        for index, cell in enumerate(notebook["cells"]):
            change(index, cell)
        return dump(notebook)

    return save


def surrogate(notebook: dict) -> bytes:
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": "print('\ud800')", "outputs": [], "execution_count": None})
    return dump(notebook)


def wrong_types(notebook: dict) -> bytes:
    notebook["cells"] += [None, 7, [], {"cell_type": "code"}, {"cell_type": ["x"], "source": {}, "metadata": 3}]
    notebook["metadata"] = {"kernelspec": None, "language_info": [], "widgets": "none", "course": 3}
    return dump(notebook)


def merge_markers(notebook: dict) -> bytes:
    lines = json.dumps(notebook, indent=1).splitlines()
    return "\n".join([*lines[:40], "<<<<<<< HEAD", *lines[40:60], "=======", *lines[41:60], ">>>>>>> theirs", *lines[60:]]).encode()


def two_files(m: Material) -> dict[str, bytes]:
    return {f"{ONE}.ipynb": nbformat.writes(m.releases[ONE]).encode(), f"Copy of {ONE} (1).ipynb": text(m).encode(), f".ipynb_checkpoints/{ONE}-checkpoint.ipynb": nbformat.writes(m.releases[ONE]).encode()}


def slipping(m: Material) -> dict[str, bytes]:
    buffer = io.BytesIO(zipped({f"{ONE}.ipynb": text(m).encode(), "../../../../slipped.txt": b"slipped", "/tmp/slipped.txt": b"slipped"}))
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo(f"{TWO}.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return {"work.zip": buffer.getvalue()}


def links(folder: Path, m: Material) -> None:
    """A link to another student's notebook and a pipe that would never end."""
    other = folder.parent / "perfect-loose" / f"{TWO}.ipynb"
    (folder / f"{TWO}.ipynb").symlink_to(other)
    (folder / "everything").symlink_to(folder.parent, target_is_directory=True)
    os.mkfifo(folder / "pipe.ipynb")


def forged(m: Material) -> dict[str, bytes]:
    return {f"{ONE}.ipynb": text(m).encode(), "timestamp.txt": b"2001-01-01 00:00:00 UTC", "submitted.txt": b"in time"}


def _saved(name: str, what: str, save: Callable[[dict], bytes], *mentions: str, file: str = f"{ONE}.ipynb", quick: bool = False) -> Sample:
    return Sample(name, what, saved(save, file), only(ONE), mentions=mentions, quick=quick)


def _refused(name: str, what: str, content: Callable[[Material], bytes], *mentions: str, file: str = f"{ONE}.ipynb", quick: bool = False) -> Sample:
    return Sample(name, what, lambda m: {file: content(m)}, only(ONE, img_to_patch=NOT_GRADABLE), mentions=mentions, quick=quick)


def _named(student: str, what: str) -> Sample:
    return Sample(student, what, saved(dump), only(ONE))


SAMPLES = [
    Sample("perfect-colab", "everything right, copies as Colab saves them, with a name and an address", from_colab, mentions=("was graded as 01_patches.ipynb",)),
    Sample("perfect-zip", "everything right, as submission.zip in a zip of an LMS", lambda m: {"upload (2).zip": zipped({"submission.zip": zipped(m.all())})}),
    _saved("colab-minor-0", "Colab's form with its widgets without state", lambda n: dump(colab(n)), quick=True),
    _saved("bom", "UTF-8 with a mark", lambda n: b"\xef\xbb\xbf" + dump(n)),
    _saved("utf-16", "UTF-16", lambda n: json.dumps(n, ensure_ascii=False).encode("utf-16"), "UTF-16"),
    _saved("utf-16-bare", "UTF-16 without a mark", lambda n: json.dumps(n, ensure_ascii=False).encode("utf-16-le"), "UTF-16"),
    _saved("crlf", "lines that end as on Windows, in the file and in the cells", lambda n: json.dumps(n, indent=1).replace("\\n", "\\r\\n").replace("\n", "\r\n").encode()),
    _saved("surrogate", "half a letter", surrogate),
    _saved("format-3", "the format of the year 2014", format_3, "old format 3", quick=True),
    _saved("format-5", "a format that is not known", changed(nbformat=5, nbformat_minor=7), "format 5"),
    _saved("wrong-types", "cells that are none, metadata that are none", wrong_types),
    _saved("kernel-r", "the kernel of another language", lambda n: dump({**n, "metadata": {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}})),
    _saved("kernel-none", "no metadata at all", lambda n: dump({key: value for key, value in n.items() if key != "metadata"})),
    _saved("widgets-broken", "widget metadata that are a list", lambda n: dump({**n, "metadata": {**n["metadata"], "widgets": [None]}})),
    _saved("no-ids", "cells without ids", each_cell(lambda i, cell: cell.pop("id", None))),
    _saved("same-ids", "cells with one id", each_cell(lambda i, cell: cell.update(id="same"))),
    _saved("ids-in-minor-0", "ids in a format that has none", changed(nbformat_minor=0)),
    _saved("source-lists", "sources as lists of lines", each_cell(lambda i, cell: cell.update(source="".join(cell["source"]).splitlines(keepends=True)))),
    _saved("output-picture", "a picture of 50 MB", with_output({"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBOR" * (BIG // 5)}})),
    _saved("output-line", "a line of 50 MB", with_output({"output_type": "stream", "name": "stdout", "text": "x" * BIG})),
    _refused("empty", "a file of 0 bytes", lambda m: b"", "it is empty", quick=True),
    _refused("cut-off", "the end of the file is missing", lambda m: text(m).encode()[:9000], "cut off"),
    _refused("merge-markers", "an unfinished git merge", lambda m: merge_markers(json.loads(text(m))), "merge"),
    _refused("web-page", "the page of the browser saved under the notebook's name", lambda m: b"<!DOCTYPE html><html><head><title>01_patches.ipynb - Colab</title>", "web page"),
    _refused("html-only", "the page of the browser saved as .html", lambda m: b"<html><body>01_patches</body></html>", "web page", file=f"{ONE}.html"),
    _refused("nothing", "JSON, but no notebook", lambda m: b'{"hello": 1}', "has no cells"),
    Sample("pdf-only", "a PDF instead of notebooks", lambda m: {"report.pdf": b"%PDF-1.4\n"}, everywhere(0.0, "not_gradable"), mentions=("notebook (.ipynb) is among",), quick=True),
    Sample("zip-cut-off", "half a zip", lambda m: {"submission.zip": zipped(m.all())[:-500]}, everywhere(0.0, "not_gradable"), mentions=("cut off",)),
    Sample("nothing-at-all", "an empty folder", lambda m: {}, everywhere(0.0, "missing"), quick=True),
    Sample("foreign", "a notebook of another course", lambda m: {"week 3.ipynb": dump({"nbformat": 4, "cells": [{"cell_type": "code", "source": "print(1)", "metadata": {}}]})}, everywhere(0.0, "missing")),
    Sample("zip-as-ipynb", "a zip under a notebook's name", lambda m: {f"{ONE}.ipynb": zipped({f"{ONE}.ipynb": text(m).encode()})}, only(ONE)),
    Sample("two-files", "the untouched notebook beside a copy with the answer", two_files, only(ONE), mentions=("There were 2 files",)),
    Sample("named-as-02", "notebook 01 under the name of 02", saved(dump, f"{TWO}.ipynb"), only(ONE), mentions=("holds 01_patches",)),
    _saved("homework", "a name that says nothing", dump, "was graded as 01_patches.ipynb", file="homework (2).ipynb"),
    _saved("full-width", "a name in full-width letters", dump, "was graded as 01_patches.ipynb", file="０１_ｐａｔｃｈｅｓ – Kopie.ipynb"),
    Sample("zip-slip", "a zip with paths that lead out of it, and a link", slipping, only(ONE, attention_block=NOT_GRADABLE), mentions=("points outside",)),
    Sample("links", "links to another student's work, and a pipe", saved(dump), only(ONE, attention_block=NOT_GRADABLE), finish=links, mentions=("was not followed",), quick=True),
    Sample("forged-time", "a timestamp.txt of the student's own", forged, only(ONE)),
    _named("o'neill; rm -rf ~ & \"<b>$HOME", "an id full of signs"),
    _named("名前 🙂 ñandú", "an id of other alphabets"),
    _named(".hidden", "an id that begins with a dot"),
    _named("-rf", "an id that looks like an option"),
    _named("x" * 200, "a very long id"),
    _named("Perfect-Loose", "an id that differs from another one by capitals"),
    _named("two\nlines", "an id of two lines"),
]
