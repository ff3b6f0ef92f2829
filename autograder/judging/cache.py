"""Verdicts of earlier runs, kept with what they depend on, so that a run grades again only what has changed.

OUT/cache/<key>/<stem>.json holds {"student", "verdicts": {exercise: {"parts", "verdict"}}}. Written whole or not at all,
as soon as a notebook has been judged: a run that was ended by whatever goes on behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .. import files
from .verdicts import Verdict

# What a verdict depends on, and what is said where it has changed.
PARTS = {
    "submission": "the submission changed",
    "release": "the release changed",
    "grader": "the grader changed",
    "settings": "the settings of the run changed",
}


class Kept:
    """What is known of one student's notebook.

    parts: hash of each of PARTS as it is now.
    """

    def __init__(self, out: str | Path, key: str, stem: str, parts: dict[str, str]):
        self.path, self.parts = Path(out) / "cache" / key / f"{stem}.json", parts
        self._known: dict[str, tuple[dict, Verdict]] = {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self._known = {exercise: (entry["parts"], Verdict.from_json(entry["verdict"])) for exercise, entry in content["verdicts"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # damaged or of an older grader: judged again

    def verdicts(self, asked: Iterable[str]) -> dict[str, Verdict]:
        """Those that stand: where nothing has changed or, if some exercises are asked for again, all others."""
        asked = set(asked)
        return {exercise: verdict for exercise, (parts, verdict) in self._known.items() if (exercise not in asked if asked else parts == self.parts)}

    def add(self, student: str, judged: Iterable[Verdict]) -> None:
        """Keep new verdicts, but those that the grader failed at: these are tried again."""
        self._known |= {verdict.exercise: (self.parts, verdict) for verdict in judged if "grader_error" not in verdict.findings}
        known = {exercise: {"parts": parts, "verdict": verdict.to_json()} for exercise, (parts, verdict) in self._known.items()}
        files.write(self.path, json.dumps({"student": student, "verdicts": known}, indent=1))
