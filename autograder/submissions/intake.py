"""Takes in one student's folder: which file is which notebook, what can be read, which checkpoints came along.

Between two files for one notebook the one with more complete answers counts, then the one with more that was begun, then
the one with the notebook's own name, then the newer one. An answer that is missing there is looked for in the other files.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpers import NAMES

from ..assignment import Assignment
from . import matching, reading, slicing
from .collecting import HandedIn, Refused, collect
from .reading import Cell, Unreadable

CHECKPOINTS = ("first", "middle", "best")
_NO_NOTEBOOK = {"pdf": "a PDF", "html": "a web page", "htm": "a web page", "py": "a script", "docx": "a document", "png": "a picture", "jpg": "a picture", "mhtml": "a web page"}
_SUFFIXES = (".ipynb", ".ipynb.json", ".ipynb.txt", ".json", ".txt", ".ipynb.crdownload", "")


@dataclass
class Notebook:
    """What a student handed in for one assignment: the file, its match with the release, repairs, or why it is unreadable.

    given: the assignment in the release that the student had, None where nothing can be graded.
    """

    path: str
    found: matching.Match | None = None
    repairs: list[str] = field(default_factory=list)
    unreadable: str = ""
    given: Assignment | None = None


@dataclass
class Submission:
    """One student's hand-in: notebooks by stem (absent: not handed in), files of the training run, what was refused."""

    notebooks: dict[str, Notebook]
    files: dict[str, HandedIn]  # "carry/img_to_patch.py", "checkpoints/best.ckpt", "metrics.csv" -> file
    notes: list[str]


@dataclass(frozen=True)
class _Candidate:
    item: HandedIn
    cells: list[Cell]
    mended: list[str]
    release: str  # that it says it comes from
    strong: str  # stem that the name says, number included
    weak: str  # stem that the name hints at


def take_in(folder: Path, assignments: list[Assignment]) -> Submission:
    """Read everything in a student's folder. Never raises for anything a student can put there."""
    items, refused = collect(folder)
    notes = [one.text for one in refused]
    readable, broken = [], []
    for item in items:
        if not _may_be_notebook(item):
            continue
        strong, weak = _named(item.name, assignments)
        try:
            read = reading.notebook(item.read())
            readable.append(_Candidate(item, read.cells, list(read.mended), read.release, strong, weak))
        except Unreadable as error:
            if item.name.lower().endswith(".ipynb") or strong:
                broken.append((item, strong or weak, str(error)))
        except (OSError, ValueError, MemoryError, RecursionError) as error:
            broken.append((item, strong or weak, f"it cannot be read ({type(error).__name__})"))
    notebooks = _assign(readable, assignments, notes)
    _unreadable(notebooks, broken, assignments, notes)
    _moved(notebooks, readable, assignments)
    _no_notebook(notebooks, items, refused, assignments)
    if not notebooks and (items or refused) and not readable and not broken:
        names = ", ".join(item.path for item in items[:3]) + (" and others" if len(items) > 3 else "")
        reason = f"no notebook (.ipynb) is among the files handed in ({names})" if items else " ".join(notes)
        for assignment in assignments:
            if assignment.expected:
                notebooks[assignment.stem] = Notebook("", unreadable=reason)
    return Submission(notebooks, _training_files(items), notes)


def _may_be_notebook(item: HandedIn) -> bool:
    name = item.name.lower()
    if name.endswith(".ipynb"):
        return True
    if not name.endswith(_SUFFIXES[:-1]) and "." in name:
        return False
    head = item.read(4096)
    return b'"cells"' in head or b'"worksheets"' in head or (".ipynb" in name and b"{" in head[:4])


def _named(name: str, assignments: list[Assignment]) -> tuple[str, str]:
    """(stem named with its number, stem named without) by a file name; "" where none or several are."""
    plain = re.sub(r"[^0-9a-z]", "", unicodedata.normalize("NFKC", name).casefold())
    stems = {a.stem: re.sub(r"[^0-9a-z]", "", a.stem.casefold()) for a in assignments}
    strong = [stem for stem, short in stems.items() if short in plain or short.lstrip("0") in plain]
    weak = [stem for stem, short in stems.items() if short.lstrip("0123456789") in plain]
    return (strong[0] if len(strong) == 1 else ""), (weak[0] if len(weak) == 1 else "")


def _assign(readable: list[_Candidate], assignments: list[Assignment], notes: list[str]) -> dict[str, Notebook]:
    chosen: dict[str, list[tuple[_Candidate, list[str]]]] = {}
    for candidate in readable:
        scores = {a.stem: matching.content_score(a, assignments, candidate.cells) for a in assignments}
        best = max(scores, key=lambda stem: (scores[stem], stem == candidate.strong, stem == candidate.weak))
        named = candidate.strong or candidate.weak
        if scores[best] == 0 and not candidate.strong:
            notes.append(f"{candidate.item.path} is none of the course's notebooks and was not graded.")
            continue
        stem = candidate.strong if candidate.strong and (scores[candidate.strong] or not scores[best]) else best
        said = list(candidate.mended)
        if named and named != stem:
            said.append(f"{candidate.item.path} is named like {named}, but holds {stem}; it was graded as {stem}.")
        elif candidate.item.name != f"{stem}.ipynb":
            said.append(f"{candidate.item.path} was graded as {stem}.ipynb.")
        chosen.setdefault(stem, []).append((candidate, said))
    notebooks = {}
    for assignment in assignments:
        if assignment.stem in chosen:
            notebooks[assignment.stem] = _best(assignment, chosen[assignment.stem])
    return notebooks


def _best(assignment: Assignment, candidates: list[tuple[_Candidate, list[str]]]) -> Notebook:
    matched = []
    for candidate, said in candidates:
        given, note = assignment.as_given(candidate.release)
        matched.append((candidate, said + [note] * bool(note), matching.match(given, candidate.cells), given))

    def rank(entry):
        item = entry[0].item
        backup = ".ipynb_checkpoints" in item.path
        return entry[2].complete, entry[2].attempted, item.name == f"{assignment.stem}.ipynb", not backup, item.modified, item.path

    matched.sort(key=rank, reverse=True)
    candidate, said, found, given = matched[0]
    others = [entry for entry in matched[1:] if entry[0].cells != candidate.cells and ".ipynb_checkpoints" not in entry[0].item.path]
    if others:
        names = ", ".join(entry[0].item.path for entry in others)
        said = [*said, f"There were {len(others) + 1} files for {assignment.stem}: {candidate.item.path} was graded, {names} was not."]
    return Notebook(candidate.item.path, found, said + found.repairs, given=given)


def _moved(notebooks: dict[str, Notebook], readable: list[_Candidate], assignments: list[Assignment]) -> None:
    """Take an answer that its notebook lacks from another file of the student, the last complete one by path and cell."""
    for assignment in assignments:
        own = notebooks.get(assignment.stem)
        if own is not None and own.found is None:
            continue
        for exercise in assignment.exercises:
            here = own.found.answers.get(exercise.grade_id) if own is not None else None
            if not exercise.solution or exercise.is_written or (here is not None and here.state == "attempted"):
                continue
            for candidate in sorted(readable, key=lambda one: one.item.path, reverse=True):
                if own is not None and candidate.item.path == own.path:
                    continue
                if not any(cell.kind == "code" and slicing.defines(cell.source, exercise.name) for cell in candidate.cells):
                    continue
                found = matching.match(assignment, candidate.cells)
                answer = found.answers[exercise.grade_id]
                if answer.state == "attempted" and answer.complete:
                    said = f"{exercise.name} was found in {candidate.item.path}, cell {answer.number}, and was graded as the answer of {assignment.stem}."
                    if own is None:
                        own = notebooks[assignment.stem] = Notebook(candidate.item.path, found, given=assignment)
                    else:
                        _adopt(own.found, exercise.grade_id, found, answer)
                    own.repairs = [text for text in own.repairs if not text.startswith(f"The cell of {exercise.name} was missing")] + [said]
                    break


def _adopt(into: matching.Match, exercise: str, other: matching.Match, answer: matching.Answer) -> None:
    """Put an answer of another file, with the cells it needs, behind the program of this one."""
    shift = len(into.program)
    into.program += other.program
    into.answers[exercise] = replace(answer, limit=answer.limit + shift)


def _no_notebook(notebooks: dict[str, Notebook], items: list[HandedIn], refused: list[Refused], assignments: list[Assignment]) -> None:
    """Give a page, a PDF, a script or a file that was not opened to the missing notebook that it is named like, as what cannot be graded."""
    for one in refused:
        strong, _ = _named(one.path.rpartition("/")[2], assignments)
        if strong and strong not in notebooks and one.path.lower().endswith(".ipynb"):
            notebooks[strong] = Notebook(one.path, unreadable=one.text)
    for item in items:
        ending = item.name.lower().rpartition(".")[2]
        if ending in _NO_NOTEBOOK:
            strong, _ = _named(item.name.rpartition(".")[0], assignments)
            if strong and strong not in notebooks:
                notebooks[strong] = Notebook(item.path, unreadable=f"{item.path} cannot be graded: it is {_NO_NOTEBOOK[ending]}, not the notebook; hand in the .ipynb file")


def _unreadable(notebooks: dict[str, Notebook], broken: list, assignments: list[Assignment], notes: list[str]) -> None:
    """Give each file that cannot be read to the notebook it is named like, else to every one that is missing."""
    unnamed = []
    for item, stem, reason in broken:
        sentence = f"{item.path} cannot be graded: {reason}"
        if stem and stem not in notebooks:
            notebooks[stem] = Notebook(item.path, unreadable=sentence)
        elif stem:
            notes.append(f"{sentence}. Another file for {stem} was graded.")
        else:
            unnamed.append(sentence)
    for assignment in assignments:
        if unnamed and assignment.expected and assignment.stem not in notebooks:
            notebooks[assignment.stem] = Notebook("", unreadable="; ".join(unnamed))
    if unnamed:
        notes += [f"{sentence}." for sentence in unnamed]


def _training_files(items: list[HandedIn]) -> dict[str, HandedIn]:
    """Carried code, checkpoints and curves: from the folder that has most of them, then the newest of each name."""
    wanted = [f"carry/{exercise}.py" for exercise in NAMES] + [f"checkpoints/{which}.ckpt" for which in CHECKPOINTS] + ["metrics.csv"]
    folders: dict[str, int] = {}
    for place in wanted:
        for item in items:
            if ("/" + item.path).endswith("/" + place):
                folder = item.path[: -len(place)]
                folders[folder] = folders.get(folder, 0) + 1
    found = {}
    for place in wanted:
        there = [item for item in items if item.name == place.rsplit("/", 1)[-1]]
        if there:
            found[place] = max(there, key=lambda item: (_folder_count(item, place, folders), item.modified, item.path))
    return found


def _folder_count(item: HandedIn, place: str, folders: dict[str, int]) -> int:
    return folders[item.path[: -len(place)]] if ("/" + item.path).endswith("/" + place) else 0
