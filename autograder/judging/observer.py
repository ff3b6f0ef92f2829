"""Observes a student's object inside the student's kernel. Sent there and run before any of their code; never imported here.

What it reports is judged outside, and is no better than the process it runs in: that is why a verdict rests on answers to
secret inputs alone. This only keeps a careless trick from getting in the way (functions that were replaced are put back
before the object is looked at) and tells what was replaced. The static scan of autograder.judging.suspicion tells it too.
"""

MODULES = (
    "builtins", "contextlib", "importlib", "io", "json", "math", "os", "threading", "zipfile", "zlib", "numpy", "torch", "torch.autograd", "torch.nn",
    "torch.nn.functional", "torch.nn.init", "torch.random", "lightning.pytorch", "helpers", "helpers.carry", "helpers.data", "helpers.evidence",
    "helpers.standins", "helpers.checks",
)  # fmt: skip
CLASSES = ("Tensor", "nn.Module", "nn.Parameter", "nn.Linear", "nn.LayerNorm", "nn.MultiheadAttention", "nn.Dropout", "nn.GELU", "nn.Embedding", "nn.Conv2d", "nn.TransformerEncoderLayer", "Generator")
KEPT_NAMES = ("__import__", "__build_class__")


def begin(exercise):
    """A function that looks at an answer or at checkpoints, with what it needs fixed as it is now."""
    import os
    import random
    import sys
    import zlib

    import numpy
    import torch

    from helpers import checks, evidence
    from helpers.data import Digits, Split

    checks.inputs(exercise, 0)  # imports the probe
    pack, unpack, observe, observe_evidence, replace, put, opened = checks.pack, checks.unpack, checks.observe, evidence.observe, os.replace, setattr, open
    modules = [sys.modules[name] for name in sorted({*MODULES, *(name for name in sys.modules if name.startswith("helpers."))}) if name in sys.modules]
    fixed = [(f"{module.__name__}.{name}", module, name, value) for module in modules for name, value in vars(module).items()
             if callable(value) and (not name.startswith("__") or name in KEPT_NAMES) and (module.__name__, name) != ("builtins", "input")]  # IPython sets it anew
    for path in CLASSES:
        owner = torch
        for name in path.split("."):
            owner = vars(owner)[name]
        fixed += [(f"torch.{path}.{name}", owner, name, value) for name, value in list(vars(owner).items())
                  if callable(value) or isinstance(value, (property, classmethod, staticmethod))]  # fmt: skip
    nothing = object()
    shell = get_ipython()  # noqa: F821
    watched = {"ast_transformers": lambda: shell.ast_transformers, "input_transformers_cleanup": lambda: shell.input_transformers_cleanup,
               "input_transformers_post": lambda: shell.input_transformers_post}  # fmt: skip
    usual = {name: len(get()) for name, get in watched.items()}

    def replaced():
        found = []
        for label, owner, name, value in fixed:
            if vars(owner).get(name, nothing) is not value:
                found.append(label)
                try:
                    put(owner, name, value)
                except Exception:  # noqa: BLE001  it is told, and the judge believes no function anyway
                    pass
        found += [f"IPython's {name}" for name, get in watched.items() if len(get()) != usual[name]]
        found += [f"IPython's {name}" for name in ("run_cell", "run_cell_async", "run_ast_nodes") if name in vars(shell)]
        return found

    def digits_of(sent):
        none = Split(torch.zeros(0, 28, 28, dtype=torch.uint8), torch.zeros(0, dtype=torch.long))
        shown = Split(sent["images"], torch.zeros(len(sent["images"]), dtype=torch.long))  # the labels stay with the grader
        parts = {part: shown if part == sent["part"] else none for part in ("train", "val", "test")}
        return Digits(**parts, source=sent["source"], mean=sent["mean"], std=sent["std"])

    def fix_chance(number):
        """The same run draws the same numbers."""
        random.seed(number)
        numpy.random.seed(number)
        torch.manual_seed(number)

    def look(obj, given, slot):
        """Observe an answer (given: what its probe works with) or, where obj is None, checkpoints (given: digits)."""
        found = replaced()
        with opened(given, "rb") as file:
            data = file.read()
        sent = unpack(data)
        fix_chance(zlib.crc32(data))
        seen = observe(exercise, obj, sent) if obj is not None else observe_evidence(sent["exercise"], ".", digits_of(sent))
        found += replaced()
        data = pack({**seen, "tampering": "; ".join(dict.fromkeys(found))[:2000]})
        with opened(slot + ".part", "wb") as file:
            file.write(data)
        replace(slot + ".part", slot)

    fix_chance(0)
    return look
