"""Late submissions the way nbgrader knows them: due dates, extensions and times in its gradebook, penalties by its plugins.

The times come from the roster and the LMS. nbgrader's own reading of `timestamp.txt` sees only the file written here.
"""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from nbgrader.api import Gradebook
from nbgrader.plugins import BasePlugin, LateSubmissionPlugin
from traitlets.config import Config

from .lms import Student

BUILT_IN = ("none", "zero")


class BadPolicy(ValueError):
    """There is no such late policy; the message says in one sentence what to do."""


@dataclass(frozen=True)
class Lateness:
    """When one student's submission was due and came in.

    due: the class's due time; extension: seconds that this student had longer; submitted: None for in time or not known.
    All times are UTC.
    """

    due: datetime | None = None
    extension: float = 0.0
    submitted: datetime | None = None

    @property
    def timestamp(self) -> str:
        """What nbgrader reads from timestamp.txt, "" where the time is not known."""
        return f"{self.submitted:%Y-%m-%d %H:%M:%S.%f} UTC" if self.submitted else ""


def of_class(students: list[Student]) -> dict[str, Lateness]:
    """id -> Lateness. The class is due when most are; the others have an extension, which may be below zero.

    Where an LMS says "late" and nobody has said when it was due, the start of the year 2000 stands for the due time.
    """
    dues = Counter(student.due for student in students if student.due is not None)
    due = _utc(min(dues, key=lambda one: (-dues[one], one))) if dues else None
    if due is None and any(student.late_seconds for student in students):
        due = datetime(2000, 1, 1, tzinfo=timezone.utc)
    found = {}
    for student in students:
        own = _utc(student.due) if student.due else due
        extension = (own - due).total_seconds() if due is not None else 0.0
        submitted = _utc(student.submitted_at) if student.submitted_at else None
        if student.late_seconds and own is not None:
            submitted = own + timedelta(seconds=student.late_seconds)
        found[student.id] = Lateness(due, extension, submitted)
    return found


def _utc(when: datetime) -> datetime:
    return when.astimezone(timezone.utc)


def policy(name: str) -> Config:
    """Configuration of nbgrader's AssignLatePenalties for `--late-policy none | zero | module:Class`.

    Class: a subclass of nbgrader.plugins.BasePlugin with the method late_submission_penalty(student_id, score, seconds_late),
    which returns points to take away. Raises BadPolicy in one sentence.
    """
    config = Config()
    if name in ("", *BUILT_IN):
        config.AssignLatePenalties.plugin_class = LateSubmissionPlugin
        config.LateSubmissionPlugin.penalty_method = name or "none"
        return config
    module, _, attribute = name.rpartition(":") if ":" in name else name.rpartition(".")
    try:
        plugin = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadPolicy(f"There is no late policy {name!r} ({error}): please give none, zero or module:Class.") from error
    if not (isinstance(plugin, type) and issubclass(plugin, BasePlugin) and hasattr(plugin, "late_submission_penalty")):
        raise BadPolicy(f"{name!r} is no late policy: please make it a subclass of nbgrader.plugins.LateSubmissionPlugin.")
    config.AssignLatePenalties.plugin_class = plugin
    return config


def as_lines(config: Config) -> str:
    """The same as lines of nbgrader_config.py, so that stock nbgrader and formgrader take the same points away."""
    plugin = config.AssignLatePenalties.plugin_class
    lines = [f'c.AssignLatePenalties.plugin_class = "{plugin.__module__}.{plugin.__qualname__}"']
    if plugin is LateSubmissionPlugin:
        lines.append(f'c.LateSubmissionPlugin.penalty_method = "{config.LateSubmissionPlugin.penalty_method}"')
    return "\n".join(lines) + "\n"


def enter(book: Gradebook, stem: str, key: str, lateness: Lateness) -> None:
    """Put due time, extension and time of submission of one student into the gradebook."""
    if lateness.due is not None:
        assignment = book.find_assignment(stem)
        assignment.duedate = lateness.due.replace(tzinfo=None)
    submission = book.update_or_create_submission(stem, key)
    submission.extension = timedelta(seconds=lateness.extension) if lateness.extension else None
    submission.timestamp = lateness.submitted.replace(tzinfo=None) if lateness.submitted else None
    book.db.commit()
