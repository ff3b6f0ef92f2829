"""Makes the sample class of `python -m autograder demo`: submissions as real students hand them in, good and bad."""

from __future__ import annotations

import copy
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from . import files
from .assignment import grade_id, is_solution

CORE = ("01_patches", "02_attention_block", "03_vision_transformer", "04_training")
_LOOP = "def img_to_patch(x, patch_size, flatten_channels=True):\n    while x is not None:\n        pass\n"


class Material:
    """What submissions are made of: the release, right answers, common mistakes, and the files of a real training run.

    releases, completed: student's and instructor's notebooks by stem; corpus: tests/corpus; trained: the folder in which the
    completed notebooks were executed. Raises FileNotFoundError where a common mistake is not in the corpus.
    """

    def __init__(self, releases: dict[str, nbformat.NotebookNode], completed: dict[str, nbformat.NotebookNode], corpus: Path, trained: Path):
        self.releases, self.corpus = releases, Path(corpus)
        self.right = {grade_id(cell): _unmarked(cell.source) for notebook in completed.values() for cell in notebook.cells if is_solution(cell)}
        self.run = _hand_in(Path(trained))

    def mistake(self, exercise: str, code: str) -> str:
        """A common mistake as a student wrote it: the first file of the corpus whose diagnosis is `code`."""
        for path in sorted((self.corpus / exercise / "wrong").glob("*.py")):
            text = path.read_text(encoding="utf-8")
            if text.splitlines()[0].strip() == f"# expect: fail codes={code}":
                return text.split("\n", 1)[1]
        raise FileNotFoundError(f"{self.corpus / exercise / 'wrong'} has no file for {code}: please run the demo from a checkout with tests/.")

    def notebook(self, stem: str, **answers: str) -> nbformat.NotebookNode:
        """The release notebook with right answers, or with `answers` by exercise."""
        made = copy.deepcopy(self.releases[stem])
        for cell in made.cells:
            if is_solution(cell):
                own = grade_id(cell).removesuffix("_solution")
                cell.source = answers.get(own, self.right[grade_id(cell)])
        return made

    def all(self, **answers: str) -> dict[str, bytes]:
        """Notebooks 01 to 04, right but for `answers`, with the carried code, checkpoints and curves of a right run."""
        notebooks = {f"{stem}.ipynb": _bytes(self.notebook(stem, **answers)) for stem in CORE if stem in self.releases}
        return {**notebooks, **self.run}


def make(material: Material, folder: Path) -> list[str]:
    """Write the class into `folder`, one folder a student, and return what each submission is, one line a student."""
    for student, (what, write) in STUDENTS.items():
        for name, content in write(material).items():
            files.write(Path(folder) / student / name, content)
        (Path(folder) / student).mkdir(parents=True, exist_ok=True)
    return [f"{student}: {what}" for student, (what, _) in STUDENTS.items()]


def _unmarked(source: str) -> str:
    return re.sub(r"^[ \t]*### (BEGIN|END) SOLUTION\n?", "", source, flags=re.M)


def _bytes(notebook: nbformat.NotebookNode) -> bytes:
    return nbformat.writes(notebook).encode()


def _hand_in(trained: Path) -> dict[str, bytes]:
    """The files of a training run that go into submission.zip, beside the notebooks."""
    found = {}
    if (trained / "submission.zip").is_file():
        with zipfile.ZipFile(trained / "submission.zip") as archive:
            found = {name: archive.read(name) for name in archive.namelist() if not name.endswith(".ipynb")}
    for path in (*trained.glob("carry/*.py"), *trained.glob("checkpoints/*.ckpt"), *trained.glob("metrics.csv")):
        if path.stem != "last":
            found.setdefault(path.relative_to(trained).as_posix(), path.read_bytes())
    return found


def _zipped(content: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _perfect(m: Material) -> dict[str, bytes]:
    return {"submission.zip": _zipped(m.all())}


def _half(m: Material) -> dict[str, bytes]:
    return {f"{stem}.ipynb": _bytes(m.notebook(stem) if stem < "03" else m.releases[stem]) for stem in CORE}


def _untouched(m: Material) -> dict[str, bytes]:
    return {f"{stem}.ipynb": _bytes(m.releases[stem]) for stem in CORE}


def _with(*mistakes: tuple[str, str]) -> Callable[[Material], dict[str, bytes]]:
    return lambda m: m.all(**{exercise: m.mistake(exercise, code) for exercise, code in mistakes})


def _from_colab(m: Material) -> dict[str, bytes]:
    """Renamed copies as Colab saves them: format 4.0, ids in the metadata, widgets without state, a name and an address."""
    made = dict(m.run)
    for stem in CORE:
        data = json.loads(_bytes(m.notebook(stem)))
        data["nbformat_minor"] = 0
        data["metadata"] |= {
            "colab": {"provenance": [], "gpuType": "T4"},
            "accelerator": "GPU",
            "widgets": {"application/vnd.jupyter.widget-state+json": {"4f": {"model_name": "HBoxModel"}}},
        }
        for cell in data["cells"]:
            cell["metadata"] |= {"id": cell.pop("id"), "executionInfo": {"user": {"displayName": "Iris I.", "userId": "012345"}}}
        mount = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1}
        data["cells"].insert(1, mount | {"source": "from google.colab import drive\ndrive.mount('/content/drive')\n!pip install -q einops"})
        made[f"Copy of {stem} (1).ipynb"] = json.dumps(data).encode()
    return made


def _duplicated(m: Material) -> dict[str, bytes]:
    """A first try was copied and mended below, and both cells are still there."""
    notebook = m.notebook("01_patches", img_to_patch=m.mistake("img_to_patch", "reshape_only"))
    at = next(index for index, cell in enumerate(notebook.cells) if is_solution(cell))
    again = copy.deepcopy(notebook.cells[at])
    again.update(id="second-try", source=m.right["img_to_patch_solution"])
    notebook.cells.insert(at + 1, again)
    return {**m.all(), "01_patches.ipynb": _bytes(notebook)}


def _truncated(m: Material) -> dict[str, bytes]:
    made = m.all()
    return {**made, "02_attention_block.ipynb": made["02_attention_block.ipynb"][:5000]}


def _stripped(m: Material) -> dict[str, bytes]:
    """All grading metadata is gone, and the test cell of notebook 01 is deleted."""
    made = m.all()
    for stem in CORE:
        data = json.loads(made[f"{stem}.ipynb"])
        for cell in data["cells"]:
            cell["metadata"] = {}
            cell.pop("id")
        data["cells"] = [cell for cell in data["cells"] if "2 * report.score" not in "".join(cell["source"]) or stem != "01_patches"]
        made[f"{stem}.ipynb"] = json.dumps(data).encode()
    return made


def _crashing(m: Material) -> dict[str, bytes]:
    """An endless loop in notebook 01, and a call that ends Python in notebook 02."""
    killer = m.right["attention_block_solution"] + "\n\nimport os\nAttentionBlock.forward = lambda self, x: os._exit(1)\n"
    return m.all(img_to_patch=_LOOP, attention_block=killer)


STUDENTS: dict[str, tuple[str, Callable[[Material], dict[str, bytes]]]] = {
    "ada": ("everything right, handed in as submission.zip", _perfect),
    "ben": ("everything right, loose files", lambda m: m.all()),
    "cleo": ("notebooks 01 and 02 done, the rest untouched", _half),
    "dana": ("nothing done", _untouched),
    "eli": ("patches column by column", _with(("img_to_patch", "column_major_order"))),
    "fay": ("patches with the channel axis last", _with(("img_to_patch", "channels_last_in_patch"))),
    "gus": ("Post-LN instead of Pre-LN", _with(("attention_block", "post_norm"))),
    "hana": ("one LayerNorm for both branches", _with(("attention_block", "shared_norm"))),
    "iris": ("renamed copies from Colab", _from_colab),
    "jan": ("positions are missing, and softmax before the cross-entropy", _with(("vision_transformer", "pos_missing"), ("lit_vit", "softmax_before_cross_entropy"))),
    "kim": ("the mean of all tokens instead of the class token", _with(("vision_transformer", "mean_pool"))),
    "lea": ("a first try beside the answer: a duplicated cell", _duplicated),
    "mo": ("notebook 02 is cut off", _truncated),
    "nia": ("grading metadata lost, a test cell deleted", _stripped),
    "omar": ("an endless loop, and a call that ends Python", _crashing),
    "pia": ("a PDF instead of notebooks", lambda m: {"report.pdf": m.run.get("report.pdf", b"%PDF-1.4\n")}),
}
