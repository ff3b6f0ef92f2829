"""Notebooks of a hand-in: found by name or content, read, cleaned of personal data, and looked over for damage."""

import ast
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from helpers import NAMES, sources
from helpers.cells import statements

# Notebook (stem) -> grade_ids of its test cells with their points. Later notebooks are handed in by those who like: none is ever missing.
TESTS = {
    "01_patches": {"img_to_patch": 2},
    "02_attention_block": {"attention_block": 3},
    "03_vision_transformer": {"vision_transformer": 2},
    "04_training": {"lit_vit": 0, "test_accuracy": 1, "train_curve": 1, "val_curve": 1},
}
STEM_OF = {grade_id: stem for stem, tests in TESTS.items() for grade_id in tests}
LATER = {  # stem -> grade_ids that tell it apart where its file has another name
    "05_bug_hunt": ("bug_batch_axis", "bug_shared_norm", "bug_class_token", "bug_normalize", "bug_two_that_cancel", "bug_softmax", "bug_flip", "bug_constant_lr",
                    "bug_callback_twice", "bug_token"),
    "06_cnn_vs_vit": ("precision_recall_f1", "mean_attention_distance"),
    "07_patch_size": ("vit_cost", "resize_pos_embedding"),
    "08_transfer": ("extract_features", "layerwise_lr_groups"),
    "09_cifar10": ("drop_path", "warmup_cosine"),
    "10_look_inside": ("attention_rollout",),
}
LARGEST_NOTEBOOK = 200 * 2**20  # bytes; the grader opens nothing larger
LARGE_NOTEBOOK = 20 * 2**20  # worth a word: most places where one hands in refuse more


@dataclass(frozen=True)
class Remark:
    """One line about a hand-in: kind "ok", "missing", "damaged" or "note", and a sentence."""

    kind: str
    text: str

    def __str__(self):
        return f"[{self.kind.upper()}] {self.text}"


# --------------------------------------------------------------------------------------------------------------------
# Finding and reading


def stem_of_name(name):
    """The stem a file name stands for: "Copy of 01_patches (1).ipynb" -> "01_patches"; None where it is none."""
    plain = Path(name).stem.replace(" ", "_").lower()
    return next((stem for stem in (*TESTS, *LATER) if re.search(rf"(?<![0-9a-z]){stem}(?![0-9a-z])", plain)), None)


def find(folders):
    """Notebooks in some folders as {stem: [paths]}; the exact name first, then the newest.

    A name that says nothing ("homework.ipynb") is no matter: then the notebook is known by its test cells.
    """
    found = {}
    for folder in folders:
        if Path(folder).is_dir():
            for path in sorted(Path(folder).glob("*.ipynb")):
                stem = stem_of_name(path.name) or _stem_inside(path)
                if stem and path.is_file() and path.resolve() not in [p.resolve() for p in found.get(stem, [])]:
                    found.setdefault(stem, []).append(path)
    for stem, paths in found.items():
        paths.sort(key=lambda path: (path.stem != stem, -path.stat().st_mtime, str(path)))
    return dict(sorted(found.items()))


def _stem_inside(path):
    try:
        return stem_of_content(parse(path.read_bytes())) if path.is_file() else None
    except (OSError, ValueError):
        return None


def parse(content):
    """A notebook's bytes as a dict with a list of cells. Raises ValueError with one sentence."""
    if len(content) > LARGEST_NOTEBOOK:
        raise ValueError("it is larger than 200 MB: clear the outputs of its cells and save it")
    if content[:5] == b"%PDF-":
        raise ValueError("it is a PDF, not a notebook: download it again with File > Download > .ipynb")
    if not content.strip():
        raise ValueError("the file is empty: save the notebook again")
    try:
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        notebook = json.loads(content.decode(encoding))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        if re.search(rb"(?m)^<{7} ", content) and re.search(rb"(?m)^>{7} ", content):
            raise ValueError("it has merge markers (<<<<<<<) of an unfinished git merge in it: finish the merge, or take a copy from before it") from None
        kind = "a web page, not a notebook" if content.lstrip()[:1] == b"<" else "cut off or not a notebook"
        raise ValueError(f"it is {kind}: download it again with File > Download > .ipynb") from None
    if isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
        raise ValueError("it has the format of the year 2014: open it in JupyterLab and save it")
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("it has no cells: download it again with File > Download > .ipynb")
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    return {**notebook, "metadata": _dict(notebook.get("metadata")), "cells": [{**cell, "metadata": _dict(cell.get("metadata"))} for cell in cells]}


def text(cell):
    """A cell's source as one string."""
    source = cell.get("source", "")
    return "".join(str(part) for part in source) if isinstance(source, list) else str(source)


def grade_id(cell):
    """A cell's nbgrader grade_id, or None."""
    value = _dict(cell["metadata"].get("nbgrader")).get("grade_id")
    return value if isinstance(value, str) else None


def _dict(value):
    return value if isinstance(value, dict) else {}


# --------------------------------------------------------------------------------------------------------------------
# Cleaning


def clean(notebook):
    """The notebook without what Colab knows about the person: names, user ids, photos, file ids; widgets that nothing can show go too."""
    metadata = dict(notebook["metadata"])
    if isinstance(metadata.get("colab"), dict):
        stem = stem_of_name(str(metadata["colab"].get("name", "")))  # the name itself may be a person's
        metadata["colab"] = {key: value for key, value in metadata["colab"].items() if key in ("gpuType", "toc_visible")} | ({"name": f"{stem}.ipynb"} if stem else {})
        metadata["colab"]["provenance"] = []
    for key in ("authors", "widgets"):
        metadata.pop(key, None)
    cells = []
    for cell in notebook["cells"]:
        kept = {key: value for key, value in cell["metadata"].items() if key not in ("executionInfo", "outputId", "colab")}
        cells.append({**cell, "metadata": kept})
    return {**notebook, "metadata": metadata, "cells": cells}


def dump(notebook):
    """Bytes of a notebook file."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", errors="replace")


def stem_of_content(notebook, default=None):
    """The stem whose test cells a notebook holds, by grade_id and else by the checks it calls."""
    ids = {grade_id(cell) for cell in notebook["cells"]}
    code = "\n".join(text(cell) for cell in notebook["cells"] if cell.get("cell_type") == "code")
    for found in (lambda g: g in ids, lambda g: re.search(rf"\b(checks|evidence)\.{g}\(", code)):
        for stem, tests in reversed((TESTS | LATER).items()):
            if any(found(g) for g in tests):
                return stem
    return stem_of_name(str(_dict(notebook["metadata"].get("colab")).get("name", ""))) or default


def rebuilt(cells):
    """A notebook made of the cells that ran in this session, each in its last version; cells of exercises get their marks.

    cells: source texts, oldest first. Outputs are not known.
    """
    last = list(dict.fromkeys(reversed([cell for cell in cells if cell.strip()])))[::-1]
    made = [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in last]
    marked = set()
    for cell in reversed(made):  # of several versions the last one counts
        mark = _mark(cell["source"])
        if mark and mark["grade_id"] not in marked:
            marked.add(mark["grade_id"])
            cell["metadata"] = {"nbgrader": mark}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": made, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 4}


def _mark(source):
    for tests in TESTS.values():
        for test, points in tests.items():
            if re.search(rf"\b(checks|evidence)\.{test}\(", source) and re.search(r"report\.score\s*$", source):
                return {"grade": True, "grade_id": test, "locked": True, "points": points, "schema_version": 3, "solution": False, "task": False}
    for exercise, name in NAMES.items():
        if re.search(rf"(?m)^(def|class) {name}\b", source):
            return {"grade": False, "grade_id": f"{exercise}_solution", "locked": False, "schema_version": 3, "solution": True, "task": False}
    return None


# --------------------------------------------------------------------------------------------------------------------
# Looking over


def look_over(stem, notebook):
    """Remarks on one notebook: duplicated or deleted cells, wrong names, untouched stubs."""
    file, cells = f"{stem}.ipynb", notebook["cells"]
    ids = [grade_id(cell) for cell in cells]
    expected = [name for test in TESTS.get(stem, {}) for name in ((f"{test}_solution", test) if test in NAMES else (test,))]
    remarks = []
    for name in dict.fromkeys(i for i in ids if i and ids.count(i) > 1):
        counts = "the last complete one is graded" if name.endswith("_solution") else "it counts once"
        remarks.append(Remark("damaged", f"{file}: the cell {name} is there {ids.count(name)} times; {counts}, so delete the others."))
    if expected and not any(ids):
        remarks.append(Remark("damaged", f"{file}: its cells have lost their marks; the grader will look for them by content, a fresh copy with your code pasted in is safer."))
        return remarks + _unmarked(stem, file, cells)
    for name in expected:
        cell = next((c for c in reversed(cells) if grade_id(c) == name), None)
        kind = "solution" if name.endswith("_solution") else "test"
        if cell is None:
            remarks.append(Remark("damaged", f"{file}: the {kind} cell {name} was deleted; copy it back from a fresh notebook."))
        elif cell.get("cell_type") != "code":
            remarks.append(Remark("damaged", f"{file}: the {kind} cell {name} is no code cell any more; change its type back to code."))
        elif kind == "solution":
            remarks += _solution(file, name.removesuffix("_solution"), text(cell), cells)
        elif _changed(cell):
            remarks.append(Remark("note", f"{file}: the test cell {name} has been changed; the grader uses the original, so your change has no effect."))
    return remarks + _split(file, cells) + _twice(file, stem, cells)


def _changed(cell):
    """Whether a test cell is not what its release says: nbgrader's checksum of source, type, flags, id and points."""
    mark = _dict(cell["metadata"].get("nbgrader"))
    if not isinstance(mark.get("checksum"), str) or not isinstance(mark.get("points"), (int, float)):
        return False
    flags = [str(bool(mark.get(name, False))) for name in ("grade", "solution", "locked")]
    parts = [text(cell), str(cell.get("cell_type")), *flags, str(mark.get("grade_id")), str(float(mark["points"]))]
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest() != mark["checksum"]


def _split(file, cells):
    """Remarks on cells that begin in the middle of something."""
    remarks = []
    for number, cell in enumerate(cells, start=1):
        lines = [line for line in text(cell).splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if cell.get("cell_type") == "code" and number > 1 and lines and lines[0][0] in " \t":
            remarks.append(Remark("note", f"{file}: cell {number} begins in the middle of a function or class; join it with the cell above (Edit > Merge Cell Above)."))
    return remarks


def _twice(file, stem, cells):
    """Remarks on exercises that more than one cell defines."""
    remarks = []
    for name in (NAMES[test] for test in TESTS.get(stem, {}) if test in NAMES):
        defining = [text(cell) for cell in cells if cell.get("cell_type") == "code" and _answers(text(cell), name)]
        marked = [cell for cell in cells if grade_id(cell) and NAMES.get(grade_id(cell).removesuffix("_solution")) == name and grade_id(cell).endswith("_solution")]
        if len(set(defining)) > 1 and len(marked) < 2:  # with two marks it has been said already
            remarks.append(Remark("note", f"{file}: {len(defining)} cells define {name}; the last complete one is graded, so delete what should not count."))
    return remarks


def _answers(source, name):
    return re.search(rf"(?m)^(async +def|def|class) +{name}\b", source) is not None


def _solution(file, exercise, source, cells):
    name = NAMES[exercise]
    try:
        tree = ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source))
    except (SyntaxError, ValueError) as error:
        return [Remark("damaged", f"{file}: the cell {exercise}_solution is no valid Python (line {getattr(error, 'lineno', '?')}).")]
    if sources.unfinished(ast.unparse(tree), name):
        return [Remark("missing", f"{file}: {name} is not implemented yet.")]
    if not any(_defines(text(cell), name) for cell in cells if cell.get("cell_type") == "code"):
        made = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        other = f" (it defines {', '.join(made)})" if made else ""
        return [Remark("damaged", f"{file}: no cell defines {name}{other}; give it exactly this name.")]
    return []


def _unmarked(stem, file, cells):
    remarks = []
    for exercise in TESTS[stem]:
        name = NAMES.get(exercise)
        if name is None:
            continue
        sources_of = [text(cell) for cell in cells if cell.get("cell_type") == "code" and _defines(text(cell), name)]
        if not sources_of:
            remarks.append(Remark("damaged", f"{file}: no cell defines {name}; give it exactly this name."))
        elif sources.unfinished(sources_of[-1], name):
            remarks.append(Remark("missing", f"{file}: {name} is not implemented yet."))
    return remarks


def _defines(source, name):
    return any(name in statement.binds for statement in statements(source))


def outdated(notebook, ran):
    """Whether a saved notebook is older than what ran in this session: never run, or an exercise defined differently.

    ran: source texts of this session, oldest first.
    """
    code = [cell for cell in notebook["cells"] if cell.get("cell_type") == "code"]
    if not any(cell.get("execution_count") for cell in code):
        return True
    saved = [text(cell).strip() for cell in code]
    for name in NAMES.values():
        latest = next((source for source in reversed(ran) if re.search(rf"(?m)^(def|class) {name}\b", source)), None)
        if latest is not None and latest.strip() not in saved:
            return True
    return False
