"""Grades one student: takes in the folder, runs each answer in a kernel, judges outside of it.

`grade_student` is a plain function of plain data, so that it can run in any process.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import nbformat

from . import assignment, files, intake, matching, running, slicing, verdicts
from .assignment import Assignment, Exercise
from .intake import Notebook, Submission
from .running import Runner
from .verdicts import Verdict


@dataclass(frozen=True)
class Task:
    """What a worker needs to grade one student.

    student: id as the instructor wrote it; key: the same, safe in paths; folder: what was handed in; out: the course
    directory; stems: its assignments; secret: hex, the run's secret; version: of grader and checks; timeout: seconds a
    cell; digits: files of images and labels by source, "" for the digits that the grader itself has; digits_id: what they are;
    scratch: a folder for what a run needs and nobody keeps.
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
    record = {"state": "missing", "path": "", "repairs": [], "notebook": "", "cached": False}
    if handed is None:
        judged = [verdicts.without_points(e.grade_id, e.points, "missing", f"{one.stem} was not handed in.") for e in one.exercises]
    elif handed.found is None:
        judged = [verdicts.without_points(e.grade_id, e.points, "not_gradable", _sentence(handed.unreadable)) for e in one.exercises]
        record |= {"state": "unreadable", "path": handed.path, "notebook": nbformat.writes(matching.rebuild(one, None))}
    else:
        print_of = _fingerprint(task, one, handed, submission)
        kept = Path(task.out) / "cache" / task.key / f"{one.stem}.json"
        judged = _kept(kept, print_of)
        record["cached"] = judged is not None
        if judged is None:
            judged = _judge_all(task, one, handed, submission)
            if not any("grader_error" in verdict.findings for verdict in judged):  # those are tried again
                content = {"fingerprint": print_of, "student": task.student, "verdicts": [verdict.to_json() for verdict in judged]}
                files.write(kept, json.dumps(content, indent=1))
        record |= {"state": "found", "path": handed.path, "repairs": handed.repairs, "notebook": nbformat.writes(matching.rebuild(one, handed.found))}
        if handed.repairs:
            judged = [replace(verdict, status="repaired") if verdict.status == "graded" else verdict for verdict in judged]
    return {**record, "verdicts": [verdict.to_json() for verdict in judged], "seconds": round(time.monotonic() - start, 2)}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _fingerprint(task: Task, one: Assignment, handed: Notebook, submission: Submission) -> str:
    """Changes with everything a verdict depends on: what was handed in, the release, the grader, its settings."""
    content = hashlib.sha256()
    settings = [task.student, task.version, task.secret, task.timeout, nbformat.writes(one.source)]
    parts = [handed.found.program, {name: asdict(answer) for name, answer in handed.found.answers.items()}]
    content.update(json.dumps([settings, parts]).encode())
    if any(exercise.is_evidence for exercise in one.exercises):
        for place, item in sorted(submission.files.items()):
            content.update(place.encode() + hashlib.sha256(item.read()).digest())
        content.update(_carry_from_notebook(submission).encode())
        content.update(task.digits_id.encode())
    return content.hexdigest()


def _kept(path: Path, print_of: str) -> list[Verdict] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["fingerprint"] == print_of:
            return [Verdict.from_json(data) for data in content["verdicts"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _judge_all(task: Task, one: Assignment, handed: Notebook, submission: Submission) -> list[Verdict]:
    """Verdicts on the exercises of one notebook, each in a kernel that the exercises before it left alive."""
    with tempfile.TemporaryDirectory(dir=task.scratch, ignore_cleanup_errors=True) as place:
        library = Path(task.scratch) / "library"
        cells = Runner(Path(place) / "cells", library, task.timeout)
        trained = Runner(Path(place) / "evidence", library, task.timeout)
        try:
            judged = []
            for exercise in one.exercises:
                try:
                    if exercise.is_evidence:
                        judged.append(_judge_evidence(task, exercise, submission, trained))
                    else:
                        judged.append(_judge_answer(task, exercise, handed, cells))
                except Exception as error:  # noqa: BLE001  one exercise never stops the others
                    message = f"The grader could not finish this exercise ({type(error).__name__}); your instructor will look at it."
                    judged.append(verdicts.without_points(exercise.grade_id, exercise.points, "needs_review", message, findings=("grader_error",)))
            return judged
        finally:
            cells.close()
            trained.close()


def _judge_answer(task: Task, exercise: Exercise, handed: Notebook, runner: Runner) -> Verdict:
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
    verdict = running.judge_answer(exercise, running.observe_answer(runner, exercise, steps, seed), seed, task.timeout)
    if any("carry.load(" in step.text for step in steps):  # the stand-in's PyTorch layers are not the student's
        verdict = replace(verdict, findings=tuple(finding for finding in verdict.findings if finding != "builtin_layer"))
    return verdict


def _judge_evidence(task: Task, exercise: Exercise, submission: Submission, runner: Runner) -> Verdict:
    findings = ()
    if not runner.started:
        for place, item in submission.files.items():
            files.write(runner.folder / place, item.read())
    trained = any(place.startswith("checkpoints/") for place in submission.files)
    if trained and "carry/vision_transformer.py" not in submission.files and (text := _carry_from_notebook(submission)):
        files.write(runner.folder / "carry" / "vision_transformer.py", text)
        findings = ("carry_from_notebook",)
    verdict = running.judge_evidence(runner, exercise, task.digits)
    return replace(verdict, findings=verdict.findings + findings)


def _carry_from_notebook(submission: Submission) -> str:
    """The code of the student's VisionTransformer from their notebook, for hand-ins without carry/; "" where there is none."""
    for notebook in submission.notebooks.values():
        answer = notebook.found.answers.get("vision_transformer") if notebook.found else None
        if answer is not None and answer.state == "attempted":
            return "\n\n".join(step.text for step in slicing.needed(notebook.found.program, "VisionTransformer", answer.limit))
    return ""
