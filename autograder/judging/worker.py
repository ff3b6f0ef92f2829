"""Grades one student: takes in the folder, runs each answer in a kernel, judges outside of it.

`grade_student` is a plain function of plain data, so that it can run in any process.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat

from .. import assignment, files
from ..assignment import Assignment, Exercise
from ..containment.sandbox import Limits
from ..submissions import intake, matching, releases, slicing
from ..submissions.intake import Notebook, Submission
from . import exhibits, kept, running, suspicion, verdicts, written
from .cache import Kept
from .running import Look, Runner
from .suspicion import Flag
from .verdicts import Verdict


@dataclass(frozen=True)
class Task:
    """What a worker needs to grade one student.

    student: id as the instructor wrote it; key: the same, safe in paths; folder: what was handed in; out: the course
    directory; stems: its assignments; secret: hex, the run's secret; version: of grader and checks; timeout: seconds a
    cell; digits: files of images and labels by source, "" for the digits that the grader itself has; digits_id: what they are;
    scratch: a folder for what a run needs and nobody keeps; sandbox: what student code runs in, see `sandbox.choose`;
    limits: of memory, processes, file size and seconds a notebook, see `sandbox.Limits`; exercises: grade these again and
    leave the others as they were (none: whatever has changed); late: seconds, by LMS or roster, None where nobody knows.
    """

    student: str
    key: str
    folder: str
    out: str
    stems: tuple[str, ...]
    secret: str
    version: str
    timeout: float
    digits: dict[str, tuple[str, str]]
    digits_id: str
    scratch: str
    sandbox: str = "auto"
    limits: dict[str, float] = field(default_factory=dict)
    exercises: tuple[str, ...] = ()
    late: float | None = None


def seed_of(secret: str, student: str, exercise: str) -> int:
    """The seed of the hidden inputs for one student and exercise: nobody knows it without the run's secret."""
    digest = hmac.new(bytes.fromhex(secret), f"{student}\0{exercise}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def grade_student(task: Task) -> dict:
    """Verdicts on everything a student handed in, as plain data.

    Returns {"student", "key", "notes", "notebooks": {stem: {"state", "path", "repairs", "verdicts", "notebook", "seconds",
    "cached"}}}; state is "found", "unreadable" or "missing", notebook the text of the rebuilt .ipynb ("" where missing).
    """
    assignments = [assignment.load(Path(task.out), stem) for stem in task.stems]
    submission = intake.take_in(Path(task.folder), assignments)
    result = {"student": task.student, "key": task.key, "notes": submission.notes, "notebooks": {}}
    for one in assignments:
        handed = submission.notebooks.get(one.stem)
        if handed is not None or one.expected:
            result["notebooks"][one.stem] = _grade_notebook(task, one, handed, submission)
    return result


def _grade_notebook(task: Task, one: Assignment, handed: Notebook | None, submission: Submission) -> dict:
    start = time.monotonic()
    given = handed.given if handed is not None and handed.given is not None else one  # the release that the student had
    record = {"state": "missing", "path": "", "repairs": [], "notebook": "", "cached": False, "release": given.version, "late": task.late, "flags": []}
    if handed is None:
        judged = [verdicts.without_points(e.grade_id, e.points, "missing", f"{one.stem} was not handed in.") for e in one.exercises]
    elif handed.found is None:
        judged = [verdicts.without_points(e.grade_id, e.points, "not_gradable", _sentence(handed.unreadable)) for e in one.exercises]
        record |= {"state": "unreadable", "path": handed.path, "notebook": nbformat.writes(matching.rebuild(one, None))}
    else:
        kept = Kept(task.out, task.key, one.stem, _parts(task, given, handed, submission))
        known = kept.verdicts(task.exercises)
        left = [exercise for exercise in given.exercises if exercise.grade_id not in known]
        record |= {"cached": not left, "parts": kept.parts}
        if left:
            known |= {verdict.exercise: verdict for verdict in _judge_all(task, one.stem, left, handed, submission)}
            kept.add(task.student, (known[exercise.grade_id] for exercise in left))
        judged = [known[exercise.grade_id] for exercise in given.exercises]
        record |= {"state": "found", "path": handed.path, "repairs": handed.repairs, "notebook": nbformat.writes(matching.rebuild(one, handed.found))}
        record["flags"] = _notebook_flags(judged, handed, submission)
        if handed.repairs:
            judged = [replace(verdict, status="repaired") if verdict.status == "graded" else verdict for verdict in judged]
    if given.version != one.version:  # what the gradebook takes, whose cells are those of the newest release
        record["entered"] = [verdict.to_json() for verdict in releases.entered(one, given, judged)]
    return {**record, "verdicts": [verdict.to_json() for verdict in judged], "seconds": round(time.monotonic() - start, 2)}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _parts(task: Task, one: Assignment, handed: Notebook, submission: Submission) -> dict[str, str]:
    """Hashes of everything a verdict depends on, by cache.PARTS."""
    handed_in = [json.dumps([handed.found.program, {name: asdict(answer) for name, answer in handed.found.answers.items()}])]
    settings = [task.student, task.secret, str(task.timeout)]
    if any(exercise.is_evidence for exercise in one.exercises):
        handed_in += [f"{place} {hashlib.sha256(item.read()).hexdigest()}" for place, item in sorted(submission.files.items())]
        handed_in.append(_carry_from_notebook(submission))
        settings.append(task.digits_id)
    return {"submission": _hash(*handed_in), "release": _hash(nbformat.writes(one.source)), "grader": task.version, "settings": _hash(*settings)}


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _judge_all(task: Task, stem: str, exercises: list[Exercise], handed: Notebook, submission: Submission) -> list[Verdict]:
    """Verdicts on exercises of one notebook, each in a kernel that the exercises before it left alive."""
    with tempfile.TemporaryDirectory(dir=task.scratch, ignore_cleanup_errors=True) as place:
        settings = (task.timeout, task.sandbox, Limits(**task.limits))
        stages: dict[int, list[str]] = {}  # exercises that may use the same stand-ins share a kernel
        for exercise in exercises:
            if not (exercise.is_evidence or exercise.is_written):
                stages.setdefault(exhibits.stage(exercise.grade_id), []).append(exercise.grade_id)
        cells = {stage: Runner(Path(place) / "cells" / str(stage), Path(task.scratch), tuple(names), *settings) for stage, names in stages.items()}
        trained = Runner(Path(place) / "evidence", Path(task.scratch), ("vision_transformer",), *settings)
        try:
            judged = []
            for exercise in exercises:
                try:
                    if exercise.is_written:
                        answer = handed.found.answers.get(exercise.grade_id)
                        judged.append(written.verdict(exercise, answer.state if answer else "stub"))
                    elif exercise.is_evidence:
                        judged.append(_judge_evidence(task, stem, exercise, submission, trained))
                    else:
                        judged.append(_judge_answer(task, stem, exercise, handed, cells[exhibits.stage(exercise.grade_id)]))
                except Exception as error:  # noqa: BLE001  one exercise never stops the others
                    message = f"The grader could not finish this exercise ({type(error).__name__}); your instructor will look at it."
                    judged.append(verdicts.without_points(exercise.grade_id, exercise.points, "needs_review", message, findings=("grader_error",)))
            return judged
        finally:
            for runner in (*cells.values(), trained):
                runner.close()


def _judge_answer(task: Task, stem: str, exercise: Exercise, handed: Notebook, runner: Runner) -> Verdict:
    answer = handed.found.answers.get(exercise.grade_id)

    def zero(status: str, message: str, *codes: str) -> Verdict:
        return verdicts.without_points(exercise.grade_id, exercise.points, status, message, codes)

    if answer is None or answer.state == "stub":
        return zero("not_attempted", f"{exercise.name} is not implemented yet.", "not_implemented")
    if answer.state == "unclear":
        return zero("needs_review", f"No cell defines {exercise.name}; your instructor will look at it.")
    if broken := slicing.syntax_error(answer.source):
        return zero("error", f"Python cannot read the cell of {exercise.name}. {broken}.", "raises")
    steps = slicing.needed(handed.found.program, exercise.name, answer.limit)
    if not slicing.defines(answer.source, exercise.name) or not steps:
        return zero("error", f"The cell does not define {exercise.name}; was it renamed?", "raises")
    seed = seed_of(task.secret, task.student, exercise.grade_id)
    look = running.observe_answer(runner, exercise, steps, seed)
    verdict = _flagged(running.judge_answer(exercise, look, task.timeout), look, suspicion.of_cells(handed.found.program))
    if any("carry.load(" in step.text for step in steps):  # the stand-in's PyTorch layers are not the student's
        verdict = replace(verdict, findings=tuple(finding for finding in verdict.findings if finding != "builtin_layer"))
    _keep(task, stem, verdict, look, seed, suspicion.of_cells(handed.found.program))
    return verdict


def _judge_evidence(task: Task, stem: str, exercise: Exercise, submission: Submission, runner: Runner) -> Verdict:
    findings = ()
    if not runner.started:
        for place, item in submission.files.items():
            files.write(runner.folder / place, item.read())
    trained = any(place.startswith("checkpoints/") for place in submission.files)
    if trained and "carry/vision_transformer.py" not in submission.files and (text := _carry_from_notebook(submission)):
        files.write(runner.folder / "carry" / "vision_transformer.py", text)
        findings = ("carry_from_notebook",)
    suspicious = suspicion.of_files({path.relative_to(runner.folder).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in runner.folder.glob("carry/*.py")})
    seed = seed_of(task.secret, task.student, exercise.grade_id)
    verdict, look = running.judge_evidence(runner, exercise, task.digits, seed)
    verdict = _flagged(replace(verdict, findings=verdict.findings + findings), look, suspicious)
    _keep(task, stem, verdict, look, seed, suspicious)
    return verdict


def _flagged(verdict: Verdict, look: Look, suspicious: list[Flag]) -> Verdict:
    """With the names of what looks like tampering among the findings; no points are taken off for it."""
    names = [flag.name for flag in suspicious] + (["flag_replaced_functions"] if look.tampering else [])
    return replace(verdict, findings=tuple(dict.fromkeys((*verdict.findings, *names))))


def _keep(task: Task, stem: str, verdict: Verdict, look: Look, seed: int, suspicious: list[Flag]) -> None:
    """Keep what the verdict rests on, see kept."""
    about = {"student": task.student, "stem": stem, "exercise": verdict.exercise, "version": task.version, "seed": seed, "verdict": verdict.to_json()}
    about |= {"flags": _sentences(suspicious, look), "outcome": asdict(look.outcome)}
    kept.write(kept.place(Path(task.out), task.key, stem, verdict.exercise), about, look.given, look.seen)


def _sentences(suspicious: list[Flag], look: Look) -> list[str]:
    told = [f"While the answer was looked at, these were found replaced: {look.tampering}."] if look.tampering else []
    return [flag.sentence for flag in suspicious] + told


def _notebook_flags(judged: list[Verdict], handed: Notebook, submission: Submission) -> list[str]:
    """Sentences for the instructor on one notebook, from its code and, where it has evidence, from the carried code."""
    found = suspicion.of_cells(handed.found.program)
    if any(verdict.exercise in assignment.EVIDENCE for verdict in judged):
        carried = {place: item for place, item in submission.files.items() if place.startswith("carry/")}
        found += suspicion.of_files({place: item.read().decode("utf-8", "replace") for place, item in carried.items()})
    replaced = [f"While {verdict.title} was judged, functions were found replaced in the kernel." for verdict in judged if "flag_replaced_functions" in verdict.findings]
    return [flag.sentence for flag in found] + replaced


def _carry_from_notebook(submission: Submission) -> str:
    """The code of the student's VisionTransformer from their notebook, for hand-ins without carry/; "" where there is none."""
    for notebook in submission.notebooks.values():
        answer = notebook.found.answers.get("vision_transformer") if notebook.found else None
        if answer is not None and answer.state == "attempted":
            return "\n\n".join(step.text for step in slicing.needed(notebook.found.program, "VisionTransformer", answer.limit))
    return ""
