"""Runs an answer in a kernel and brings plain observations back; judges them here, outside the student's process."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import replace
from pathlib import Path

import numpy

from helpers import checks

from . import verdicts
from .assignment import Exercise
from .kernel import START_SECONDS, Kernel, Outcome
from .slicing import Step
from .verdicts import Verdict

LARGEST_ANSWER = 64 * 2**20
EVIDENCE_FACTOR = 10  # a point of evidence runs a model on thousands of digits: this many times a cell's seconds
MAX_STEPS_FACTOR = 5  # all statements that one answer needs, in multiples of a cell's seconds

_WRITE = """
    with open({path!r} + ".part", "wb") as file:
        file.write(data)
    os.replace({path!r} + ".part", {path!r})
"""
_OBSERVE = """
def _look():
    import os
    from helpers import checks
    data = checks.pack(checks.observe({exercise!r}, globals()[{name!r}], {seed}))
""" + _WRITE + "_look()"
# The labels stay with the grader: the model is shown images alone.
_EVIDENCE = """
def _look():
    import os
    import numpy, torch
    from helpers import checks, evidence
    from helpers.data import Digits, Split
    with numpy.load({digits!r}) as stored:
        splits = {{part: Split(torch.from_numpy(stored[part]), torch.zeros(len(stored[part]), dtype=torch.long)) for part in ("train", "val", "test")}}
        digits = Digits(**splits, source=str(stored["source"]), mean=float(stored["mean"]), std=float(stored["std"]))
    data = checks.pack(evidence.observe({exercise!r}, ".", digits))
""" + _WRITE + "_look()"


class Runner:
    """A kernel for one notebook's answers, started when it is first needed and again after it has died.

    place: a folder of its own; library: see Kernel; timeout: seconds a cell may take.
    """

    def __init__(self, place: Path, library: Path, timeout: float):
        self.place, self.library, self.timeout = Path(place), library, timeout
        self.folder, self._answers = self.place / "work", self.place / "answers"
        for folder in (self.folder, self._answers):
            folder.mkdir(parents=True)
        self._kernel: Kernel | None = None
        self.ran: set[Step] = set()
        self.failed: dict[Step, Outcome] = {}

    @property
    def started(self) -> bool:
        return self._kernel is not None

    def ready(self) -> None:
        """Start the kernel where none is alive. Raises RuntimeError where it cannot be started."""
        if self._kernel is None or not self._kernel.alive:
            self.close()
            self._kernel = Kernel(self.folder, self.place / "home", self.library)
            self.ran, self.failed = set(), {}
            self._kernel.run("import helpers.checks, helpers.standins", START_SECONDS)

    def run(self, code: str, timeout: float | None = None) -> Outcome:
        """Run one cell in the kernel."""
        return self._kernel.run(code, self.timeout if timeout is None else timeout)

    def fetch(self, code: str, timeout: float, **values) -> tuple[Outcome, dict | None]:
        """Run code that writes observations; (outcome, observations), None where there are none to read."""
        path = self._answers / f"{secrets.token_hex(8)}.npz"
        outcome = self.run(code.format(path=str(path), **values), timeout)
        try:
            return outcome, checks.unpack(_read(path)) if outcome.state == "ok" else None
        except (OSError, ValueError):
            return outcome, None

    def close(self) -> None:
        """End the kernel."""
        if self._kernel is not None:
            self._kernel.close()


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST_ANSWER:
            raise ValueError("not a file of observations")
        return file.read(LARGEST_ANSWER + 1)


def observe_answer(runner: Runner, exercise: Exercise, steps: list[Step], seed: int) -> tuple[Outcome, dict | None]:
    """Run the statements an answer needs, then look at what they define.

    Returns (outcome, observations); outcome is that of the first step that failed where the name stayed undefined.
    """
    runner.ready()
    left = MAX_STEPS_FACTOR * runner.timeout
    for step in steps:
        if step in runner.ran:
            continue
        outcome = runner.run(step.text, min(runner.timeout, left))
        if outcome.state in ("timeout", "dead"):
            return outcome, None
        runner.ran.add(step)
        if outcome.state == "error":
            runner.failed[step] = outcome
    error = next((runner.failed[step] for step in steps if step in runner.failed), None)
    if runner.run(exercise.name).state == "error":
        return error or Outcome("error", "NameError", f"{exercise.name} is not defined"), None
    return runner.fetch(_OBSERVE, max(runner.timeout, 30.0), exercise=exercise.grade_id, name=exercise.name, seed=seed)


def judge_answer(exercise: Exercise, observed: tuple[Outcome, dict | None], seed: int, timeout: float) -> Verdict:
    """The verdict on what `observe_answer` brought back; runs none of the student's code."""
    outcome, observations = observed
    if observations is None:
        return _unobserved(exercise, outcome, timeout)
    verdict = verdicts.from_report(exercise.grade_id, exercise.points, checks.judge(exercise.grade_id, observations, seed))
    return replace(verdict, status="timeout") if observations.get("timeout") is True else verdict


def judge_evidence(runner: Runner, exercise: Exercise, digits: dict[str, tuple[str, str]]) -> Verdict:
    """The verdict on one point of evidence: the student's checkpoints run in the kernel, the logits are judged here."""
    from helpers import evidence

    metrics = runner.folder / "metrics.csv"
    text = metrics.read_text(encoding="utf-8", errors="replace") if metrics.is_file() else ""
    source = evidence.source_of(text)
    images, labels = digits.get(source or "", digits[""])
    missing = [which for which in _needed(exercise.grade_id) if not (runner.folder / "checkpoints" / f"{which}.ckpt").is_file()]
    if missing:  # no kernel is started for this
        observations = evidence.observe(exercise.grade_id, runner.folder, None)
    else:
        runner.ready()
        limit = EVIDENCE_FACTOR * runner.timeout
        outcome, observations = runner.fetch(_EVIDENCE, limit, exercise=exercise.grade_id, digits=images)
        if observations is None:
            return _unobserved(exercise, outcome, limit)
    return verdicts.from_report(exercise.grade_id, exercise.points, evidence.judge(exercise.grade_id, observations, load_digits(images, labels)))


def _needed(exercise: str) -> tuple[str, ...]:
    from helpers.evidence_judge import NEEDS

    return tuple(NEEDS[exercise])


def save_digits(digits, folder: Path) -> tuple[str, str]:
    """Write the digits that evidence needs: (file of the images, file of the labels), the second never shown to a kernel."""
    from helpers.evidence_judge import TRAIN_PART

    parts = {"train": TRAIN_PART, "val": None, "test": None}
    splits = {part: getattr(digits, part) for part in parts}
    images, labels = (Path(folder) / secrets.token_hex(8) / f"{digits.source}.npz" for _ in range(2))
    for path in (images, labels):
        path.parent.mkdir(parents=True)
    numpy.savez(
        images, source=digits.source, mean=digits.mean, std=digits.std, **{part: splits[part].images[:count].numpy() for part, count in parts.items()}
    )
    numpy.savez(labels, **{part: splits[part].labels[:count].numpy() for part, count in parts.items()})
    return str(images), str(labels)


def load_digits(images: str, labels: str):
    """The digits that `save_digits` wrote, with their labels."""
    import torch

    from helpers.data import Digits, Split

    with numpy.load(images) as x, numpy.load(labels) as y:
        splits = {part: Split(torch.from_numpy(x[part]), torch.from_numpy(y[part])) for part in ("train", "val", "test")}
        return Digits(**splits, source=str(x["source"]), mean=float(x["mean"]), std=float(x["std"]))


def _unobserved(exercise: Exercise, outcome: Outcome, timeout: float) -> Verdict:
    def zero(status: str, message: str, codes: tuple[str, ...] = (), findings: tuple[str, ...] = ()) -> Verdict:
        return verdicts.without_points(exercise.grade_id, exercise.points, status, message, codes, findings)

    if outcome.state == "timeout":
        return zero("timeout", f"Your code was stopped after {timeout:.0f} s: look for an endless loop.", ("raises",))
    if outcome.state == "dead":
        return zero("crashed", "Your code ended the Python process (os._exit, a crash inside a library, or too much memory).", ("raises",))
    if outcome.state == "error" and not exercise.is_evidence:
        return zero("error", f"Your cells stopped before {exercise.name} was ready. {outcome}.", ("raises",))
    return zero("needs_review", "What your code returned cannot be read; your instructor will look at it.", findings=("unreadable_observations",))
