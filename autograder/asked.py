"""What a run is asked to do: the class, the notebooks and the sandbox, looked up before anything that takes seconds begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .building.sources import stems
from .containment import sandbox
from .options import CannotGrade, Options
from .submissions import lms, roster


@dataclass(frozen=True)
class Asked:
    """students: everybody of the class; to_grade: those of them that this run is about; notes: a sentence for each surprise;
    stems: names of the notebooks; sandbox: the kind that can be used here."""

    submissions: Path
    students: list[lms.Student]
    to_grade: list[lms.Student]
    notes: list[str]
    stems: tuple[str, ...]
    sandbox: str


def asked_for(submissions: Path, out: Path, course: Path, options: Options, scratch: Path) -> Asked:
    """Look everything up; scratch: for files of an LMS that have to be sorted. Raises CannotGrade in one sentence."""
    try:
        students, notes = roster.class_of(submissions, options.roster, scratch, besides=out)
        kind = sandbox.choose(options.sandbox)
        if options.late_policy:
            from .submissions import lateness  # imports nbgrader

            lateness.policy(options.late_policy)
    except (lms.NoSubmissions, sandbox.NoSandbox, RuntimeError, ValueError, OSError) as error:  # BadRoster and BadPolicy are ValueErrors
        raise CannotGrade(str(error)) from error
    chosen = among(options.only, [one.id for one in students], f"no student called {{}} in {submissions}")
    if not (found := stems(course)):
        raise CannotGrade(f"There are no text sources in {course / 'solutions'}: please give the checkout of the course with --course.")
    return Asked(submissions, students, [one for one in students if not chosen or one.id in chosen], notes, found, kind)


def among(asked: Iterable[str], known: list[str], sentence: str) -> list[str]:
    """What was asked for, if all of it is known. Raises CannotGrade."""
    for name in asked:
        if name not in known:
            shown = ", ".join(known[:10]) + (" and others" if len(known) > 10 else "")
            raise CannotGrade(f"There is {sentence.format(name)}: please choose from {shown}.")
    return list(asked)
