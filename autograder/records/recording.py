"""nbgrader preprocessors: the verdicts take the place of executed test cells, and feedback shows no hidden test."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from .. import files
from ..judging.verdicts import Verdict


class RecordVerdicts(NbGraderPreprocessor):
    """Gives each test cell the outputs that its verdict means; runs nothing.

    nbgrader reads the points from the first execute_result of a test cell, and takes any error or stderr for a zero.
    """

    display_data_priority = List().tag(config=True)  # nbconvert sets it for every preprocessor
    root = Unicode("", help="The course directory that holds verdicts/.").tag(config=True)

    @staticmethod
    def write(root: Path, key: str, stem: str, verdicts: list[Verdict]) -> None:
        """Keep the verdicts on one notebook where the preprocessor finds them."""
        content = [verdict.to_json() for verdict in verdicts]
        files.write(Path(root) / "verdicts" / key / f"{stem}.json", json.dumps(content, indent=1, ensure_ascii=False))

    def preprocess(self, nb, resources):
        """Put the outputs in. Raises FileNotFoundError where this submission has no verdicts yet."""
        where = resources["nbgrader"]
        verdicts = {verdict.exercise: verdict for verdict in where.pop("verdicts", None) or self._read(where["student"], where["notebook"])}
        for cell in nb.cells:
            if utils.is_grade(cell) and cell.cell_type == "code":
                cell.outputs = outputs(verdicts[cell.metadata.nbgrader["grade_id"]])
                cell.execution_count = None
        return nb, resources

    def _read(self, key: str, stem: str) -> list[Verdict]:
        path = Path(self.root) / "verdicts" / key / f"{stem}.json"
        if not path.is_file():
            raise FileNotFoundError(f"There are no verdicts for {key}, {stem}: please run `python -m autograder grade`.")
        return [Verdict.from_json(data) for data in json.loads(path.read_text(encoding="utf-8"))]


def outputs(verdict: Verdict) -> list[nbformat.NotebookNode]:
    """Outputs of a test cell: the reasons for a person to read, then the points for nbgrader."""
    lines = [f"{verdict.title}: {verdict.points:g} of {verdict.max_points:g} points ({verdict.status.replace('_', ' ')})"]
    lines += [f"  {'+' if ok else '-'} {claim}" for claim, ok in verdict.rungs]
    lines += [f"  {message}" for message in verdict.messages]
    text = "\n".join(lines)
    shown = [nbformat.v4.new_output("display_data", data={"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"})]
    if verdict.picture:
        base64.b64decode(verdict.picture, validate=True)
        shown.append(nbformat.v4.new_output("display_data", data={"image/png": verdict.picture, "text/plain": "yours against the target"}))
    return [*shown, nbformat.v4.new_output("execute_result", data={"text/plain": repr(float(verdict.points))}, execution_count=None)]


class HideTests(NbGraderPreprocessor):
    """Takes the hidden tests out of test cells, as nbgrader's ClearHiddenTests does for the release.

    A student's own cells are left alone, whatever markers they hold.
    """

    display_data_priority = List().tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        """Drop the lines between the markers of a test cell."""
        if utils.is_grade(cell):
            kept, hidden = [], False
            for line in cell.source.split("\n"):
                if "BEGIN HIDDEN TESTS" in line or "END HIDDEN TESTS" in line:
                    hidden = "BEGIN" in line
                elif not hidden:
                    kept.append(line)
            cell.source = "\n".join(kept)
        return cell, resources
