"""Inputs of `bug_token`, `hub_token()`: made-up access tokens in the environment variable HF_TOKEN."""

from __future__ import annotations

import builtins
import getpass
import inspect
import linecache
import os
import re
from unittest import mock

import torch

from ..run import attempt, generator

EXERCISE = "bug_token"
VARIABLE = "HF_TOKEN"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
FORMS = {"one": ("hf_", 34), "two": ("hf_", 34), "other": ("api_org_", 29)}
TOKEN = re.compile(r"\b(?:hf_|ghp_|gho_|github_pat_|sk-|glpat-)([A-Za-z0-9]{20,})")


class Nobody(EOFError, RuntimeError):
    """Nobody is there to type a token: EOFError, as without a keyboard; a function that asks need raise nothing else."""


def inputs(seed: int) -> dict:
    """Tokens that nobody has: two of the usual form, one of another form."""
    g = generator(seed, EXERCISE)
    return {name: start + "".join(LETTERS[k] for k in torch.randint(0, len(LETTERS), (length,), generator=g).tolist())
            for name, (start, length) in FORMS.items()}


def probe(fn, given: dict) -> dict:
    """Call the student's function with the variable set to each token, and without it, nobody being there to type one.

    `remembered`: what comes back without the variable is what it held before.
    """
    seen: dict[str, object] = {}
    held = {os.environ.get(VARIABLE), *given.values()}

    def nobody(*args, **kwargs):
        raise Nobody("nobody is there to type a token")

    def call():
        try:
            return fn()
        except RuntimeError:
            seen[f"{case}.runtime"] = True
            raise

    for case in (*FORMS, "none"):
        with mock.patch.dict(os.environ, {VARIABLE: given[case]} if case != "none" else {}), mock.patch.object(
                getpass, "getpass", nobody), mock.patch.object(builtins, "input", nobody):
            if case == "none":
                os.environ.pop(VARIABLE, None)
            seen[f"{case}.runtime"] = False
            value, seen[f"{case}.error"] = attempt(call)
        seen[f"{case}.type"] = type(value).__name__
        seen[case] = value[:200] if isinstance(value, str) else ""
    seen["remembered"] = isinstance(value, str) and value in held
    seen["written"] = attempt(lambda: _written(fn))[0] is True
    return seen


def _written(fn) -> bool:
    """Whether a token stands in a function, or in the cell that it comes from.

    A form in words is none: hf_..., hf_xxxx, hf_abcdef.
    """
    fn = inspect.unwrap(getattr(fn, "func", fn))
    code = getattr(fn, "__code__", None) or getattr(type(fn).__call__, "__code__", None)
    texts = _texts(code)
    if code is None or any(TOKEN.fullmatch(text) for text in texts):
        return code is not None
    cell = "".join(linecache.getlines(code.co_filename))
    joined, _ = attempt(lambda: _texts(compile(cell, "<cell>", "exec")))  # "hf_" + "..." is one text there
    bodies = [body for text in (*texts, cell, *(joined or ())) for body in TOKEN.findall(text)]
    return any(len(set(body)) >= 12 and "abcdef" not in body.lower() for body in bodies)


def _texts(code) -> list[str]:
    """Every string that is written in a function or a cell."""
    found = []
    for constant in getattr(code, "co_consts", ()):
        found += [constant] if isinstance(constant, str) else _texts(constant) if hasattr(constant, "co_consts") else []
    return found
