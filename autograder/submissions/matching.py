"""Matches the cells of a student's notebook to the release: by grade_id, then by what they define.

Of several cells that answer one exercise the latest counts that is complete; then the latest that Python cannot
read; then the latest that was begun. An untouched stub never beats any of them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

import nbformat

from ..assignment import Assignment, Exercise, grade_id, is_graded, is_skipped, is_solution
from ..judging import written
from . import slicing, splits
from .reading import Cell, flags_of

_COMPLETE, _BROKEN, _BEGUN, _STUB = 3, 2, 1, 0


@dataclass(frozen=True)
class Answer:
    """What a notebook has for one exercise.

    state: "attempted", "stub" (untouched, blank or deleted) or "unclear" (code is there, but nothing defines the name);
    source: text of the solution cell; limit: index in Match.program of the last cell that runs before the test;
    complete: whether it is Python and nothing of the stub is left in it; number: place of the cell in the file, 0 for none.
    """

    state: str
    source: str = ""
    limit: int = -1
    complete: bool = False
    number: int = 0


@dataclass
class Match:
    """A student's notebook, cell by cell: answers by grade_id, the cells as a program, what had to be mended."""

    answers: dict[str, Answer] = field(default_factory=dict)
    program: list[str] = field(default_factory=list)
    own: list[tuple[int, Cell]] = field(default_factory=list)  # (index of the release cell before it, cell)
    repairs: list[str] = field(default_factory=list)

    @property
    def attempted(self) -> int:
        """How many exercises were begun at least."""
        return sum(answer.state == "attempted" for answer in self.answers.values())

    @property
    def complete(self) -> int:
        """How many exercises have an answer that is Python and no stub."""
        return sum(answer.complete for answer in self.answers.values())


def match(assignment: Assignment, cells: list[Cell]) -> Match:
    """Find the answers to an assignment's exercises among the cells of a student's notebook."""
    texts = {_key(cell.source) for cell in assignment.release.cells if not is_solution(cell)}
    cells, told = splits.joined(cells, lambda cell: _key(cell.source) not in texts)
    found = _Matching(assignment, cells).result()
    found.repairs[:0] = told
    return found


def content_score(assignment: Assignment, others: list[Assignment], cells: list[Cell]) -> int:
    """How much of an assignment a list of cells holds: its own texts, grade_ids and definitions; 0 where nothing."""
    elsewhere = {_key(cell.source) for other in others if other is not assignment for cell in other.release.cells}
    texts = {_key(cell.source) for cell in assignment.release.cells} - elsewhere - {""}
    ids = {grade_id(cell) for cell in assignment.source.cells} - {""}
    found = {_key(cell.source) for cell in cells}
    score = len(texts & found) + 2 * len(ids & {cell.grade_id for cell in cells})
    names = [exercise.name for exercise in assignment.exercises if exercise.name]
    return score + 2 * sum(any(cell.kind == "code" and slicing.defines(cell.source, name) for cell in cells) for name in names)


def rebuild(assignment: Assignment, found: Match | None) -> nbformat.NotebookNode:
    """The release notebook with the student's answers and own cells put in; the untouched release for None.

    Test cells, points, ids and flags are the release's, so nbgrader finds every cell that it expects.
    """
    notebook = copy.deepcopy(assignment.release)
    if found is None:
        return notebook
    answers = {exercise: found.answers.get(exercise.grade_id) for exercise in assignment.exercises if exercise.solution}
    solutions = {exercise.solution: answer.source for exercise, answer in answers.items() if answer is not None and answer.state != "stub"}
    cells = []
    for index in range(-1, len(notebook.cells)):
        if index >= 0:
            cell = notebook.cells[index]
            if is_solution(cell) and solutions.get(grade_id(cell)):
                text = solutions[grade_id(cell)]
                cell.source = text if cell.cell_type == "code" else _without_html(text)
            cells.append(cell)
        cells += [_fresh(cell, len(cells) + number) for number, (after, cell) in enumerate(found.own) if after == index]
    notebook.cells = cells
    return notebook


def _fresh(cell: Cell, number: int) -> nbformat.NotebookNode:
    if cell.kind == "code":
        return nbformat.v4.new_code_cell(cell.source, id=f"own-{number}", metadata={"own": True})
    return nbformat.v4.new_markdown_cell(_without_html(cell.source), id=f"own-{number}", metadata={"own": True})


def _without_html(text: str) -> str:
    """Text of a student as it may be shown to instructors in a browser."""
    return text.replace("<", "&lt;")


def _key(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


class _Matching:
    def __init__(self, assignment: Assignment, cells: list[Cell]):
        self.assignment, self.cells = assignment, cells
        self.release = assignment.release.cells
        self.ids = [grade_id(cell) for cell in self.release]
        by_text = {_key(cell.source): index for index, cell in enumerate(self.release)}
        by_id = {cell.id: index for index, cell in enumerate(self.release) if "id" in cell}
        by_grade_id = {one: index for index, one in enumerate(self.ids) if one}
        # Index of the release cell that each student's cell is a copy of (same), or grew out of (place).
        self.same = [by_text.get(_key(cell.source)) if cell.source.strip() else None for cell in cells]
        self.place = []
        for cell, same in zip(cells, self.same, strict=True):
            known = by_grade_id.get(cell.grade_id, same)
            self.place.append(by_id.get(cell.cell_id) if known is None else known)
        self.marked = any(cell.grade_id in by_grade_id for cell in cells)
        self.found = Match()
        if not self.marked and by_grade_id:
            self.found.repairs.append("The notebook had lost the marks that say which cell answers which exercise; the cells were found by what they define.")

    def result(self) -> Match:
        """Answers first, then the program, then limits that depend on both."""
        chosen = {exercise.grade_id: self._choose(exercise) for exercise in self.assignment.exercises if exercise.solution and not exercise.is_written}
        dropped = {number for _, _, losers in chosen.values() for number in losers} | self._written()
        answering = {number for number, _, _ in chosen.values() if number is not None}
        where = self._program(dropped, answering)
        for exercise in self.assignment.exercises:
            if exercise.is_written:
                continue
            self._restored(exercise)
            if exercise.solution:
                number, answer, _ = chosen[exercise.grade_id]
                tests = [where[i] for i in range(len(self.cells)) if self._is_test(i, exercise) and where.get(i) is not None]
                last = max([where.get(number, -1), *tests]) if number is not None else len(self.found.program)
                self.found.answers[exercise.grade_id] = replace(answer, limit=last)
        self._flags()
        self._order()
        self._own(dropped, answering)
        return self.found

    def _written(self) -> set[int]:
        """Find the answers in words; numbers of the cells that hold them."""
        held: set[int] = set()
        for exercise in self.assignment.exercises:
            if exercise.is_written:
                found = written.find(self.assignment, exercise, self.cells, self.place)
                number = self.cells[found.cells[-1]].number if found.cells else 0
                self.found.answers[exercise.grade_id] = Answer(found.state, found.text, complete=found.state == "attempted", number=number)
                self.found.repairs += found.repairs
                held |= set(found.cells)
        return held

    def _choose(self, exercise: Exercise) -> tuple[int | None, Answer, list[int]]:
        """(number of the answering cell, the answer, numbers of the cells that it replaces)."""
        stub = self.assignment.stubs[exercise.solution]
        meant = [i for i, cell in enumerate(self.cells) if cell.grade_id == exercise.solution]
        candidates = []
        for number, cell in enumerate(self.cells):
            copied = self.same[number]
            if copied is not None and not is_solution(self.release[copied]):
                continue
            if cell.kind != "code" and (number not in meant or slicing.syntax_error(cell.source)):
                continue
            if slicing.defines(cell.source, exercise.name):
                candidates.append((self._quality(cell.source, stub, exercise.name), number))
        if not candidates:
            return None, self._without(exercise, meant, stub), []
        quality, number = max(candidates)
        cell = self.cells[number]
        if quality == _STUB:
            return number, Answer("stub", stub), [other for _, other in candidates if other != number]
        rivals = [other for level, other in candidates if other != number and level != _STUB]
        if any(not slicing.is_same_code(self.cells[other].source, cell.source) for other in rivals):
            self.found.repairs.append(f"{exercise.name} is defined in {len(rivals) + 1} cells; the last complete one (cell {cell.number}) was graded.")
        elif len(candidates) > 1 and len(meant) > 1:
            self.found.repairs.append(f"The cell of {exercise.name} was there {len(meant)} times; cell {cell.number} was graded.")
        if self.marked and meant and number not in meant:
            self.found.repairs.append(f"{exercise.name} was found in cell {cell.number}, not in the cell meant for it.")
        elif self.marked and not meant:
            self.found.repairs.append(f"No cell had the mark of the answer {exercise.name}; cell {cell.number}, which defines it, was graded.")
        if cell.kind != "code":
            self.found.repairs.append(f"The cell of {exercise.name} had been turned into text; it was run as code.")
        answer = Answer("attempted", cell.source, complete=quality == _COMPLETE, number=cell.number)
        return number, answer, [other for _, other in candidates if other != number]

    def _quality(self, source: str, stub: str, name: str) -> int:
        if slicing.is_same_code(source, stub):
            return _STUB
        if slicing.syntax_error(source):
            return _BROKEN
        return _BEGUN if slicing.is_unfinished(source, name) else _COMPLETE

    def _without(self, exercise: Exercise, meant: list[int], stub: str) -> Answer:
        """The answer where no cell defines the name."""
        text = "\n\n".join(self.cells[i].source for i in meant)
        if meant and not slicing.is_blank(text):
            return Answer("attempted", text, number=self.cells[meant[-1]].number)
        if not meant:
            own = [i for i, cell in enumerate(self.cells) if cell.kind == "code" and self.place[i] is None and not slicing.is_blank(cell.source)]
            self.found.repairs.append(f"The cell of {exercise.name} was missing; the release's empty one was put back.")
            untouched = any(same is not None for same in self.same) and not own
            return Answer("stub" if untouched else "unclear", stub)
        return Answer("stub", stub)

    def _program(self, dropped: set[int], answering: set[int]) -> dict[int, int | None]:
        """Fill found.program; where each student's cell stands in it (None: it does not run, but its place counts)."""
        program, where = self.found.program, {}
        present = {self.same[i] for i in range(len(self.cells))}
        for index, cell in enumerate(self.release):  # setup cells that the student lost or changed
            if cell.cell_type == "code" and index not in present and not (is_solution(cell) or is_graded(cell) or is_skipped(cell)):
                program.append(cell.source)
        for number, cell in enumerate(self.cells):
            if any(self._is_test(number, exercise) for exercise in self.assignment.exercises) and number not in answering:
                where[number] = len(program) - 1
            elif number not in dropped and (cell.kind == "code" or number in answering):
                where[number] = len(program)
                program.append(cell.source)
        return where

    def _is_test(self, number: int, exercise: Exercise) -> bool:
        same = self.same[number]
        return self.cells[number].grade_id == exercise.grade_id or (same is not None and self.ids[same] == exercise.grade_id)

    def _restored(self, exercise: Exercise) -> None:
        """Say where the test cell of an exercise was missing or had been changed."""
        tests = [i for i in range(len(self.cells)) if self._is_test(i, exercise)]
        if not tests and self.marked:
            self.found.repairs.append(f"The test cell of {exercise.grade_id} was missing; it was put back.")
        elif tests and not any(self.same[i] is not None and self.ids[self.same[i]] == exercise.grade_id for i in tests):
            self.found.repairs.append(f"The test cell of {exercise.grade_id} had been changed; the original was used.")
        copies = [i for i in tests if self.same[i] is not None]
        if len(copies) > 1:
            self.found.repairs.append(f"The test cell of {exercise.grade_id} was there {len(copies)} times; it counts once.")
        if tests and self.marked and not any(cell.grade_id == exercise.grade_id for cell in self.cells):
            self.found.repairs.append(f"The mark of the test cell of {exercise.grade_id} was missing; it was put back.")

    def _flags(self) -> None:
        """Say where points or flags were not those of the release, which count."""
        wanted = {grade_id(cell): flags_of(cell.metadata["nbgrader"]) for cell in self.release if grade_id(cell)}
        changed = [cell.grade_id for cell in self.cells if cell.grade_id in wanted and cell.flags != wanted[cell.grade_id]]
        if changed:
            self.found.repairs.append(f"The points or other marks of {', '.join(dict.fromkeys(changed))} had been changed; those of the course count.")

    def _order(self) -> None:
        """Say where the cells that the grader runs do not stand in the order of the release."""
        places = [place for place, cell in zip(self.place, self.cells, strict=True) if place is not None and cell.kind == "code" and not is_skipped(self.release[place])]
        first = list(dict.fromkeys(places))
        if first != sorted(first):
            self.found.repairs.append("The cells were not in the order of the notebook; each answer was run with the cells that it needs.")

    def _own(self, dropped: set[int], answering: set[int]) -> None:
        """Cells of the student's own, each with the release cell that it stands behind."""
        after = -1
        for number, cell in enumerate(self.cells):
            if self.place[number] is not None:
                after = self.place[number]
            is_test = any(self._is_test(number, exercise) for exercise in self.assignment.exercises)
            if self.same[number] is None and number not in dropped | answering and not is_test and cell.source.strip():
                if cell.kind == "code" or self.place[number] is None:
                    self.found.own.append((after, cell))
