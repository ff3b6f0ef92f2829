"""Keeps the instructor's side of every release, so that a notebook handed in later is graded by what its student was given.

`make release` writes solutions/releases/<stem>/<version>.ipynb (put them under version control, never into the students'
repository); a grading run makes OUT/releases/<stem>/<version>/{source,release}.ipynb of those that are not the newest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import files
from ..assignment import OLDER, Assignment, version_of
from ..judging import verdicts

if TYPE_CHECKING:
    from ..judging.verdicts import Verdict

KEPT = Path("solutions", "releases")


def keep(stems: tuple[str, ...], course: Path) -> list[Path]:
    """Write the instructor's notebooks of this release where they are not there yet; the new files."""
    import nbformat

    from ..building.notebooks import source_notebook

    written = []
    for stem in stems:
        notebook = source_notebook(stem, course)
        path = Path(course) / KEPT / stem / f"{version_of(notebook)}.ipynb"
        if not path.is_file():
            files.write(path, nbformat.writes(notebook) + "\n")
            written.append(path)
    return written


def prepare(out: Path, course: Path, assignments: list[Assignment]) -> list[str]:
    """Make what a grading run needs of the earlier releases, and return a sentence for each that cannot be used."""
    import nbformat

    from ..building.notebooks import cleared

    troubles = []
    for one in assignments:
        for path in sorted((Path(course) / KEPT / one.stem).glob("*.ipynb")):
            try:
                source = nbformat.read(path, as_version=4)
                version = version_of(source)
                folder = Path(out) / OLDER / one.stem / version
                if version == one.version or (folder / "release.ipynb").is_file():
                    continue
                release = cleared(one.stem, source)
                files.write(folder / "source.ipynb", nbformat.writes(source))
                files.write(folder / "release.ipynb", nbformat.writes(release))
            except Exception as error:  # noqa: BLE001  a damaged file of an old release never stops a class
                troubles.append(f"The earlier release {path.name} of {one.stem} cannot be used ({type(error).__name__}: {error}).")
    return troubles


def entered(current: Assignment, given: Assignment, judged: list[Verdict]) -> list[Verdict]:
    """Verdicts as the gradebook of the current release takes them: each exercise in the current points.

    An exercise that is worth another number of points now counts in proportion; one that the student was not given needs review.
    """
    if given.version == current.version:
        return judged
    by_exercise = {verdict.exercise: verdict for verdict in judged}
    found = []
    for exercise in current.exercises:
        verdict = by_exercise.get(exercise.grade_id)
        if verdict is None:
            message = f"This exercise is not part of release {given.version}, which the student was given."
            found.append(verdicts.without_points(exercise.grade_id, exercise.points, "needs_review", message))
        else:
            share = verdict.points / verdict.max_points if verdict.max_points else 0.0
            found.append(replace(verdict, points=round(share * exercise.points, 4), max_points=exercise.points))
    return found
