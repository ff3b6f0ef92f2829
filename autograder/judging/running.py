"""Runs an answer in a kernel and brings plain observations back; judges them here, outside the student's process."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from helpers import checks, evidence, evidence_judge

from ..assignment import Exercise
from ..containment.kernel import START_SECONDS, Kernel, Outcome
from ..containment.sandbox import Limits
from ..submissions.slicing import Step
from . import digits, exhibits, verdicts
from .digits import load_digits, save_digits
from .verdicts import Verdict

__all__ = ["Look", "Runner", "judge_answer", "judge_evidence", "load_digits", "observe_answer", "save_digits"]

EVIDENCE_FACTOR = 10  # a point of evidence runs a model on thousands of digits: this many times a cell's seconds
MAX_STEPS_FACTOR = 5  # all statements that one answer needs, in multiples of a cell's seconds

_BEGIN = """
def {look}():
    scope = dict(globals(), __name__="observer")
    with open({path!r}, encoding="utf-8") as file:
        exec(compile(file.read(), "observer", "exec"), scope)
    return scope["begin"]({exercise!r})
{look} = {look}()
"""
_LOOK = "{look}({obj}, {inputs!r}, {path!r})"


@dataclass(frozen=True)
class Look:
    """What came of looking at an answer: the last cell's outcome, the secret inputs, the observations (None: none)."""

    outcome: Outcome
    given: dict = field(default_factory=dict)
    seen: dict | None = None

    @property
    def tampering(self) -> str:
        """What the kernel says was replaced in it, "" where it says nothing."""
        told = (self.seen or {}).get("tampering", "")
        return told[:500] if isinstance(told, str) else ""


class Runner:
    """A kernel for the answers to some exercises, started when it is first needed and again after it has died.

    place: a folder of its own; scratch: of the run, see exhibits.library; exercises: what is judged in it; timeout:
    seconds a cell may take; sandbox, limits: see Kernel.
    """

    def __init__(self, place: Path, scratch: Path, exercises: tuple[str, ...], timeout: float, sandbox: str = "auto", limits: Limits = Limits()):  # noqa: B008
        self.place, self.scratch, self.exercises, self.timeout = Path(place), Path(scratch), exercises, timeout
        self.sandbox, self.limits = sandbox, limits
        self.folder = self.place / "work"
        self.folder.mkdir(parents=True)
        self._kernel: Kernel | None = None
        self._name = ""
        self.ran: set[Step] = set()
        self.failed: dict[Step, Outcome] = {}

    @property
    def started(self) -> bool:
        return self._kernel is not None

    def ready(self) -> None:
        """Start the kernel where none is alive. Raises RuntimeError where it cannot be started."""
        if self._kernel is None or not self._kernel.alive:
            self.close()
            library = exhibits.library(self.scratch, self.exercises)
            self._kernel = Kernel(self.folder, self.place / "home", library, self.sandbox, self.limits)
            self.ran, self.failed = set(), {}
            self._name = f"_look_{secrets.token_hex(8)}"
            observer = self._kernel.give("observer.py", Path(__file__).with_name("observer.py").read_bytes())
            for exercise in self.exercises:
                began = self._kernel.run(_BEGIN.format(look=f"{self._name}_{exercise}", path=observer, exercise=exercise), START_SECONDS)
                if began.state != "ok":
                    raise RuntimeError(f"The kernel did not begin. {began}")

    def run(self, code: str, timeout: float | None = None) -> Outcome:
        """Run one cell in the kernel."""
        return self._kernel.run(code, self.timeout if timeout is None else timeout)

    def look(self, exercise: str, obj: str, given: dict, timeout: float) -> Look:
        """Have the kernel observe the object of a name (or "None": checkpoints) on what is given."""
        path = self._kernel.give(f"{secrets.token_hex(8)}.npz", checks.pack(given))
        return self.fetch(_LOOK, timeout, given, look=f"{self._name}_{exercise}", obj=obj, inputs=path)

    def fetch(self, code: str, timeout: float, given: dict | None = None, **values: str) -> Look:
        """Run code that writes observations to {path}, and read them; `seen` is None where there are none to read."""
        slot = f"{secrets.token_hex(8)}.npz"
        outcome = self.run(code.format(path=self._kernel.slot(slot), **values), timeout)
        try:
            return Look(outcome, given or {}, checks.unpack(self._kernel.take(slot)) if outcome.state == "ok" else None)
        except (OSError, ValueError):
            return Look(outcome, given or {})

    def close(self) -> None:
        """End the kernel."""
        if self._kernel is not None:
            self._kernel.close()


def observe_answer(runner: Runner, exercise: Exercise, steps: list[Step], seed: int) -> Look:
    """Run the statements an answer needs, then look at what they define.

    The outcome is that of the first step that failed where the name stayed undefined.
    """
    runner.ready()
    left = MAX_STEPS_FACTOR * runner.timeout
    for step in steps:
        if step in runner.ran:
            continue
        outcome = runner.run(step.text, min(runner.timeout, left))
        if outcome.state in ("timeout", "dead"):
            return Look(outcome)
        runner.ran.add(step)
        if outcome.state == "error":
            runner.failed[step] = outcome
    error = next((runner.failed[step] for step in steps if step in runner.failed), None)
    if runner.run(exercise.name).state == "error":
        return Look(error or Outcome("error", "NameError", f"{exercise.name} is not defined"))
    return runner.look(exercise.grade_id, exercise.name, checks.inputs(exercise.grade_id, seed), max(runner.timeout, 30.0))


def judge_answer(exercise: Exercise, look: Look, timeout: float) -> Verdict:
    """The verdict on what `observe_answer` brought back; runs none of the student's code."""
    if look.seen is None:
        return _unobserved(exercise, look.outcome, timeout)
    verdict = verdicts.from_report(exercise.grade_id, exercise.points, checks.judge(exercise.grade_id, look.seen, look.given))
    return replace(verdict, status="timeout") if look.seen.get("timeout") is True else verdict


def judge_evidence(runner: Runner, exercise: Exercise, files: dict[str, tuple[str, str]], seed: int) -> tuple[Verdict, Look]:
    """The verdict on one point of evidence: the student's checkpoints run in the kernel, the logits are judged here.

    files: of the digits, see Task.digits. metrics.csv is read here; of the digits the kernel sees images alone.
    """
    text = evidence.read_metrics(runner.folder)
    measured = load_digits(*files.get(evidence_judge.source_of(text) or "", files[""])) if files else None
    missing = [which for which in evidence.NEEDS[exercise.grade_id] if evidence.find(runner.folder, f"checkpoints/{which}.ckpt") is None]
    if missing:  # no kernel is started for this
        look = Look(Outcome("ok"), {}, evidence.observe(exercise.grade_id, runner.folder, None))
    else:
        if exercise.grade_id == "test_accuracy":
            measured = replace(measured, test=digits.disguise(measured.test, seed))
        runner.ready()
        [part] = set(evidence.NEEDS[exercise.grade_id].values())
        look = runner.look(runner.exercises[0], "None", digits.shown(measured, exercise.grade_id, part), EVIDENCE_FACTOR * runner.timeout)
        if look.seen is None:
            return _unobserved(exercise, look.outcome, EVIDENCE_FACTOR * runner.timeout), look
    report = evidence_judge.judge(exercise.grade_id, {**look.seen, "metrics": text}, measured)
    return verdicts.from_report(exercise.grade_id, exercise.points, report), look


def _unobserved(exercise: Exercise, outcome: Outcome, timeout: float) -> Verdict:
    def zero(status: str, message: str, codes: tuple[str, ...] = (), findings: tuple[str, ...] = ()) -> Verdict:
        return verdicts.without_points(exercise.grade_id, exercise.points, status, message, codes, findings)

    if outcome.state == "timeout":
        return zero("timeout", f"Your code was stopped after {timeout:.0f} s: look for an endless loop.", ("raises",))
    if outcome.state == "dead":
        why = outcome.text or "os._exit, a crash inside a library, or too much memory"
        return zero("crashed", f"Your code ended the Python process ({why}).", ("raises",))
    if outcome.state == "error" and not exercise.is_evidence:
        return zero("error", f"Your cells stopped before {exercise.name} was ready. {outcome}.", ("raises",))
    return zero("needs_review", "What your code returned cannot be read; your instructor will look at it.", findings=("unreadable_observations",))
