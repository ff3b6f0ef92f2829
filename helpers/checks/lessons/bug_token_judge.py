"""Verdict on `bug_token`: the access token comes from outside the notebook."""

from __future__ import annotations

from ..report import CheckReport
from .bug_token import EXERCISE, VARIABLE
from .verdict import Steps, empty

RUNS = "it runs and returns a text"
OUTSIDE = f"the token comes from the environment variable {VARIABLE}"
NOWHERE = "no token is written in the notebook"
LOUD = "where the variable is not set, an error says so"
RUNGS = (RUNS, OUTSIDE, NOWHERE, LOUD)
UNSET = ("KeyError", "EOFError", "RuntimeError")  # what a function raises that looked in the wrong place


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw; without the variable any error is right."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "one"):
        return report
    if seen["one.error"].startswith(UNSET) and not seen["written"]:
        return steps.stop(OUTSIDE, "variable_ignored")
    if seen["one.error"] or seen["one.type"] != "str":
        return steps.stop(RUNS, "raises" if seen["one.error"] else "wrong_shape", error=seen["one.error"], got=f"a {seen['one.type']}", want="a text")
    steps.rung(RUNS, True)
    written = bool(seen["written"]) or len(str(seen["none"])) > 7
    outside = all(str(seen[case]).strip() == given[case] for case in ("one", "two"))
    steps.ok(OUTSIDE, outside, "token_in_source" if written else "variable_ignored")
    steps.ok(NOWHERE, not written, "token_in_source")
    if outside and not written:
        steps.ok(LOUD, bool(seen["none.error"]), "missing_unnoticed")
    return steps.report()
