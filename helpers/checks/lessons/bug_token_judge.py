"""Verdict on `bug_token`: the access token comes from outside the notebook."""

from __future__ import annotations

import re

from ..report import CheckReport
from .bug_token import EXERCISE, FORMS, VARIABLE
from .verdict import Steps, empty

RUNS = "it runs and returns a text"
OUTSIDE = f"the token comes from the environment variable {VARIABLE}"
NOWHERE = "no token is written in the notebook"
LOUD = "where the variable is not set, a RuntimeError says so"
RUNGS = (RUNS, OUTSIDE, NOWHERE, LOUD)
UNSET = ("KeyError", "Nobody")  # what a function raises that looked in the wrong place, beside RuntimeError


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "one"):
        return report
    if (seen["one.runtime"] or seen["one.error"].startswith(UNSET)) and not seen["written"]:
        return steps.stop(OUTSIDE, "variable_ignored")
    if seen["one.error"] or seen["one.type"] != "str":
        return steps.stop(RUNS, "raises" if seen["one.error"] else "wrong_shape", error=seen["one.error"], got=f"a {seen['one.type']}", want="a text")
    steps.rung(RUNS, True)
    right = {case: str(seen[case]).strip() == given[case] for case in FORMS}
    fallback = right["one"] and not seen["remembered"] and re.fullmatch(r"\S{12,}", str(seen["none"]).strip())
    written = bool(seen["written"] or fallback)
    if right["one"] and right["two"] and seen["other.error"]:
        turned = f"A token that does not begin with hf_ is turned away ({seen['other.error']})."
        steps.fail(OUTSIDE, "unknown", detail=f"{turned} Return what {VARIABLE} holds, whatever its form.")
    else:
        steps.ok(OUTSIDE, all(right.values()), "token_in_source" if written else "variable_ignored")
    steps.ok(NOWHERE, not written, "token_in_source")
    error = str(seen["none.error"])
    if all(right.values()) and not written:
        got = f"{error} without a message" if seen["none.runtime"] else error.rstrip(".")
        steps.ok(LOUD, seen["none.runtime"] and ": " in error, "wrong_error" if error else "missing_unnoticed", got=got)
    return steps.report()
