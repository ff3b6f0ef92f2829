"""The text sources solutions/NN_name.py, read as plain text: cells, exercises and the reference objects.

Needs no Jupyter package, so tests and benchmarks can take the reference model from solutions/ anywhere.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from helpers import NAMES

COURSE = Path(__file__).resolve().parents[2]  # the checkout that this file belongs to

# "# %%", then "[markdown]" or a title, then key=JSON pairs: jupytext's py:percent format.
_HEADER = re.compile(r"^# %%(?P<kind> \[\w+\])?(?P<rest>.*)$")
_OPTION = re.compile(r"\s*([A-Za-z_][\w.-]*)=")


@dataclass(frozen=True)
class Cell:
    """One cell of a text source: its kind, metadata and text, and the line of the file where the text begins."""

    kind: str  # "code", "markdown" or "raw"
    metadata: dict = field(default_factory=dict)
    text: str = ""
    line: int = 1

    @property
    def nbgrader(self) -> dict:
        return self.metadata.get("nbgrader", {})


def stems(course: Path = COURSE) -> tuple[str, ...]:
    """Names of the text sources of a course, in the order of their numbers."""
    return tuple(sorted(path.stem for path in (Path(course) / "solutions").glob("[0-9][0-9]_*.py")))


def cells(stem: str, course: Path = COURSE) -> list[Cell]:
    """Cells of solutions/<stem>.py, code exactly as it stands in the file, markdown without its comment signs.

    Raises FileNotFoundError with one sentence when there is no such source.
    """
    path = Path(course) / "solutions" / f"{stem}.py"
    if not path.is_file():
        raise FileNotFoundError(f"There is no text source {stem!r}: please choose one of {', '.join(stems(course)) or 'none'}.")
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> list[Cell]:
    """Cells of a text in py:percent format; what stands before the first `# %%` is a header and left out."""
    found, header, body, start = [], None, [], 1
    for number, line in enumerate([*text.splitlines(), "# %%"], start=1):
        match = _HEADER.match(line)
        if not match:
            body.append(line)
            continue
        if header is not None:
            found.append(_cell(header, body, start))
        header, body, start = match, [], number + 1
    return found


def _cell(header: re.Match, body: list[str], line: int) -> Cell:
    kind = (header["kind"] or " [code]").strip(" []")
    kind = "markdown" if kind == "md" else kind
    while body and not body[-1].strip():
        body = body[:-1]
    while body and not body[0].strip():
        body, line = body[1:], line + 1
    if kind != "code":
        body = [re.sub(r"^# ?", "", text) for text in body]
    return Cell(kind, _options(header["rest"]), "\n".join(body), line)


def _options(text: str) -> dict:
    """`nbgrader={...} tags=["a"]` -> {"nbgrader": {...}, "tags": ["a"]}; a cell's title is left out."""
    options, decoder = {}, json.JSONDecoder()
    match = _OPTION.search(text)
    while match:
        options[match[1]], end = decoder.raw_decode(text, match.end())
        match = _OPTION.match(text, end)
    return options


def stem_of(exercise: str, course: Path = COURSE) -> str:
    """Name of the text source whose solution cell is `<exercise>_solution`; KeyError where there is none."""
    for stem in stems(course):
        if any(cell.nbgrader.get("grade_id") == f"{exercise}_solution" for cell in cells(stem, course)):
            return stem
    raise KeyError(f"No text source has a cell {exercise}_solution.")


def solution_namespace(exercise: str, course: Path = COURSE) -> object:
    """The reference solution of an exercise: `img_to_patch`, `AttentionBlock`, `VisionTransformer` or `LitViT`.

    Runs the solution cells and the import statements of the text source that holds it, after those of the
    earlier sources; what a source would load with `helpers.carry` is the earlier source's own object. Raises
    KeyError for an unknown exercise, and whatever the solution raises.
    """
    wanted = stem_of(exercise, course)
    carried: dict[str, object] = {}
    for stem in stems(course):
        space = {"__name__": f"solutions.{stem}", **carried}
        for cell in cells(stem, course):
            if cell.kind == "code" and "skip-grading" not in cell.metadata.get("tags", ()):
                exec(_reference_code(cell, Path(course) / "solutions" / f"{stem}.py"), space)
        carried |= {name: space[name] for name in NAMES.values() if name in space}
        if stem == wanted:
            break
    return carried[NAMES[exercise]]


def carry_files(stem: str, course: Path = COURSE) -> dict[str, str]:
    """{"<exercise>.py": text} as `helpers.carry` would have written them for the sources before this one."""
    files = {}
    for earlier in [name for name in stems(course) if name < stem]:
        code = [cell for cell in cells(earlier, course) if cell.kind == "code" and "skip-grading" not in cell.metadata.get("tags", ())]
        trees = [(cell, ast.parse(cell.text)) for cell in code]
        parts = [ast.unparse(node) for _, tree in trees for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        parts += [cell.text for cell in code if cell.nbgrader.get("solution")]
        defined = {node.name for cell, tree in trees if cell.nbgrader.get("solution") for node in tree.body if hasattr(node, "name")}
        for exercise, name in NAMES.items():
            if name in defined:
                files[f"{exercise}.py"] = "\n\n".join(parts) + "\n"
    return files


def _reference_code(cell: Cell, path: Path):
    """What of a code cell makes the reference objects: all of a solution cell, of another cell its imports."""
    # Blank lines in front keep the line numbers of the file, for tracebacks and inspect.
    tree = ast.parse("\n" * (cell.line - 1) + cell.text, str(path))
    if not cell.nbgrader.get("solution"):
        tree.body = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return compile(tree, str(path), "exec")
