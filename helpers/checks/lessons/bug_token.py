"""Inputs of `bug_token`, `hub_token()`: made-up access tokens in the environment variable HF_TOKEN."""

from __future__ import annotations

import builtins
import getpass
import os
import re
from unittest import mock

import torch

from ..run import attempt, generator

EXERCISE = "bug_token"
VARIABLE = "HF_TOKEN"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TOKEN = re.compile(r"^(hf_|ghp_|gho_|github_pat_|sk-|glpat-)[\w-]{12,}$")


def inputs(seed: int) -> dict:
    """Two tokens that nobody has."""
    g = generator(seed, EXERCISE)
    return {name: "hf_" + "".join(LETTERS[k] for k in torch.randint(0, len(LETTERS), (34,), generator=g).tolist()) for name in ("one", "two")}


def probe(fn, given: dict) -> dict:
    """Call the student's function with the variable set to each token, and without it, nobody being there to type one."""
    seen: dict[str, object] = {}

    def nobody(*args, **kwargs):
        raise EOFError("nobody is there to type a token")

    for case in ("one", "two", "none"):
        with mock.patch.dict(os.environ, {VARIABLE: given[case]} if case != "none" else {}), mock.patch.object(
                getpass, "getpass", nobody), mock.patch.object(builtins, "input", nobody):
            if case == "none":
                os.environ.pop(VARIABLE, None)
            value, seen[f"{case}.error"] = attempt(lambda: fn())
        seen[f"{case}.type"] = type(value).__name__
        seen[case] = value[:200] if isinstance(value, str) else ""
    seen["written"] = any(TOKEN.match(text) for text in _texts(getattr(fn, "__code__", None)))
    return seen


def _texts(code) -> list[str]:
    """Every string that is written in a function."""
    found = []
    for constant in getattr(code, "co_consts", ()):
        found += [constant] if isinstance(constant, str) else _texts(constant) if hasattr(constant, "co_consts") else []
    return found
