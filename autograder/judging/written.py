"""Answers in words: markdown cells that a person reads. Finds them in a student's notebook; puts the person's points in.

No program judges them. Until a person has given points in formgrader, such a cell waits (`needs_review`) and counts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..assignment import Assignment, Exercise, grade_id
from ..submissions.reading import Cell
from .verdicts import WRITTEN, Verdict, without_points


@dataclass(frozen=True)
class Found:
    """What a notebook has in the place of one such cell.

    state: "attempted", "stub" (untouched or blank) or "unclear" (its cell is gone, but there is text of the student's own);
    text: all of the answer; cells: which cells hold it, by index; repairs: what had to be mended, one sentence each.
    """

    state: str
    text: str = ""
    cells: tuple[int, ...] = ()
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """What a person has entered for one cell: points, comment, and whether the answer has changed since."""

    points: float
    comment: str = ""
    again: bool = False


def find(assignment: Assignment, exercise: Exercise, cells: list[Cell], place: list[int | None]) -> Found:
    """The student's text for one exercise.

    place: for each cell the index of the release cell that it is or grew out of, None for one of the student's own.
    Looked for in the cells meant for it; where these are empty, in the text right behind them or behind the question.
    """
    home = next(index for index, cell in enumerate(assignment.release.cells) if grade_id(cell) == exercise.grade_id)
    stub = assignment.release.cells[home].source
    name = without_points(exercise.grade_id, exercise.points, "graded", "").title
    meant = [i for i, cell in enumerate(cells) if cell.grade_id == exercise.grade_id] or [i for i, at in enumerate(place) if at == home]
    filled = [i for i in meant if not _blank(cells[i].source, stub)]
    if filled:
        told = [f"The cell of {name} had been turned into code; it was read as text."] if any(cells[i].kind == "code" for i in filled) else []
        return Found("attempted", _joined(cells, filled), tuple(meant), tuple(told))
    gone = [] if meant else [f"The cell of {name} was missing; the release's empty one was put back."]
    behind = _behind(cells, place, meant or [i for i, at in enumerate(place) if at == home - 1])
    if behind:
        where = f"{name} was found in cell {cells[behind[0]].number}, not in the cell meant for it."
        return Found("attempted", _joined(cells, behind), (*meant, *behind), (where,))
    own = any(cell.kind != "code" and at is None and cell.source.strip() for cell, at in zip(cells, place, strict=True))
    return Found("unclear" if own and not meant else "stub", "", tuple(meant), tuple(gone))


def verdict(exercise: Exercise, state: str) -> Verdict:
    """The verdict on an answer that nobody has read yet."""
    if state == "stub":
        return without_points(exercise.grade_id, exercise.points, "not_attempted", "There is no answer in this cell.", findings=(WRITTEN,))
    words = {"unclear": "No cell holds this answer, but there is text of your own in the notebook. Your instructor will look for it."}
    return without_points(exercise.grade_id, exercise.points, "needs_review", words.get(state, "A person reads this answer and gives the points."), findings=(WRITTEN,))


def marked(judged: list[Verdict], marks: dict[str, Mark]) -> list[Verdict]:
    """The verdicts with what a person has entered for answers in words; the others as they are.

    Where the answer has changed since, the points stay, and a person has to look again.
    """
    found = []
    for one in judged:
        mark = marks.get(one.exercise) if one.is_written else None
        if mark is None:
            found.append(one)
        elif mark.again:
            said = f"Your instructor gave {mark.points:g} of {one.max_points:g} before, and will look at it again."
            found.append(replace(one, points=mark.points, status="needs_review", messages=(said,)))
        else:
            found.append(replace(one, points=mark.points, status="graded", messages=(mark.comment,) if mark.comment else ()))
    return found


def _blank(source: str, stub: str) -> bool:
    return source.strip() in ("", stub.strip())


def _behind(cells: list[Cell], place: list[int | None], anchors: list[int]) -> list[int]:
    """Text of the student's own between the last of some cells and the next one of the release."""
    found = []
    for i in range(anchors[-1] + 1, len(cells)) if anchors else ():
        if place[i] is not None:
            break
        if cells[i].kind != "code" and cells[i].source.strip():
            found.append(i)
    return found


def _joined(cells: list[Cell], numbers: list[int]) -> str:
    return "\n\n".join(dict.fromkeys(cells[i].source.strip() for i in numbers))
