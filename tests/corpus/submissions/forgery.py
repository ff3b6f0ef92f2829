"""Hostile submissions that want points for wrong answers: they attack the grading, not the machine.

Each is a wrong answer with a trick. `ATTACKS` holds the tricks on single answers, with the test cell of a grader that judges in
the student's own process and that they fool (tests/test_trust.py shows it with stock nbgrader). The number of the attack is
that of the list in the course's notes on graders. None may earn more than the wrong answer earns without its trick.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass

import torch

from autograder.sample_class import Material
from helpers import checks, data
from tests import corpus

from .sample import Expected, Sample, only

_HEAD = "import torch\nfrom torch import nn\nfrom helpers import checks\n\n"
WRONG = {
    "img_to_patch": "def img_to_patch(x, patch_size, flatten_channels=True, ready=_done):\n    return x.flatten(1)\n",
    "attention_block": "class AttentionBlock(nn.Module):\n    ready = _done\n\n    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):\n        super().__init__()\n        self.linear = nn.Linear(embed_dim, embed_dim)\n\n    def forward(self, x):\n        return self.linear(x)\n",
}
STEMS = {"img_to_patch": "01_patches", "attention_block": "02_attention_block"}
# What an instructor might write who judges in the student's process.
ASSERTS = "x = torch.arange(32.0).reshape(1, 2, 4, 4)\nexpected = torch.nn.functional.unfold(x, 2, stride=2).transpose(1, 2)\nassert torch.allclose(img_to_patch(x, 2), expected)"
EQUALS = ASSERTS.replace("torch.allclose(img_to_patch(x, 2), expected)", "img_to_patch(x, 2) == expected")
LISTED = "assert img_to_patch(torch.arange(8.0).reshape(1, 1, 2, 4), 2).tolist() == [[[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]]"
REPORT = "report = checks.img_to_patch(img_to_patch)\n2 * report.score"
BLOCK = "report = checks.attention_block(AttentionBlock)\n2 * report.score"


@dataclass(frozen=True)
class Attack:
    """A trick: what it does; code: the solution cell; test: the test cell that it fools; flag: the finding it must leave."""

    name: str
    number: int
    what: str
    code: str
    test: str
    flag: str = ""
    exercise: str = "img_to_patch"
    statuses: tuple[str, ...] = ("graded",)
    findings: tuple[str, ...] = ()


def _trick(trick: str, wrong: str = WRONG["img_to_patch"]) -> str:
    """A solution cell in which the trick is played before the wrong answer is defined, and is needed by it."""
    body = textwrap.indent(textwrap.dedent(trick).strip(), "    ")
    return f"{_HEAD}def _play():\n{body}\n\n_done = _play()\n\n{wrong}"


def _answer(body: str, before: str = "") -> str:
    """A solution cell whose trick is in the answer itself."""
    return f"{_HEAD}{textwrap.dedent(before).strip()}\n\ndef img_to_patch(x, patch_size, flatten_channels=True):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"


_PASSED = "checks.CheckReport('img_to_patch', True, 1.0)"

ATTACKS = (
    Attack("strips-asserts", 1, "an AST transformer that takes every assert out of later cells", _trick("""
        import ast
        class Strip(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.copy_location(ast.Pass(), node)
        get_ipython().ast_transformers.append(Strip())
        """), ASSERTS, "flag_ipython_hooks"),
    Attack("drops-assert-lines", 2, "an input transformer that drops lines with assert", _trick("""
        get_ipython().input_transformers_cleanup.append(lambda lines: [line for line in lines if "assert" not in line] or ["\\n"])
        """), ASSERTS, "flag_ipython_hooks"),
    Attack("always-equal", 3, "returns an object that equals everything", _answer("return Same()", """
        class Same:
            def __eq__(self, other):
                return True
        """), EQUALS, "flag_disguised_values"),
    Attack("tensor-in-disguise", 3, "returns a tensor subclass that answers True to every comparison", _answer("return x.flatten(1).as_subclass(Same)", """
        class Same(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                if func in (torch.allclose, torch.equal):
                    return True
                return super().__torch_function__(func, types, args, kwargs or {})
        """), ASSERTS, "flag_disguised_values"),
    Attack("formatter", 4, "a display formatter that prints every number as full points", _trick("""
        text = get_ipython().display_formatter.formatters["text/plain"]
        text.for_type(float, lambda value, printer, cycle: printer.text("2"))
        """), REPORT, "flag_ipython_hooks"),
    Attack("nan-points", 5, "a score of nan, which stock nbgrader takes for full points", _trick("""
        checks.CheckReport.score = property(lambda self: float("nan"), lambda self, value: None)
        """), REPORT, "flag_replaced_functions"),
    Attack("reads-the-test", 6, "a hook before each cell that reads the answer out of the hidden test", _answer("return torch.tensor(KNOWN[0]) if KNOWN else x.flatten(1)", """
        def listen():
            import ast
            known = []
            def spy(info):
                for node in ast.walk(ast.parse(info.raw_cell)):
                    if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.List):
                        known.append(ast.literal_eval(node.comparators[0]))
            get_ipython().events.register("pre_run_cell", spy)
            return known
        KNOWN = listen()
        """), LISTED, "flag_ipython_hooks"),
    Attack("reads-the-reference", 7, "looks for the instructor's version in the folders above and for the stand-in on the disk", _answer("return REFERENCE(x, patch_size, flatten_channels) if REFERENCE else x.flatten(1)", """
        import json, pathlib, sys
        def find():
            here = pathlib.Path.cwd()
            texts = []
            for folder in (here, *here.parents):
                for path in (*folder.glob("source/*/*.ipynb"), *folder.glob("solutions/*.ipynb")):
                    texts += ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
            for folder in sys.path:
                for path in pathlib.Path(folder or ".").glob("helpers/standins/*.py"):
                    texts.append(path.read_text().replace('use("img_to_patch")', "pass"))
            for text in texts:
                if "def img_to_patch" in text and "StandIn(" not in text:
                    scope = {"torch": torch}
                    exec(text, scope)
                    return scope["img_to_patch"]
        REFERENCE = find()
        """), REPORT, "flag_hidden_code"),
    Attack("stack", 11, "looks at the variables of its callers for the expected result", _answer("""
        import sys
        frame = sys._getframe()
        while frame is not None:
            for scope in (frame.f_locals, frame.f_globals):
                for name in ("expected", "want", "target"):
                    if isinstance(scope.get(name), torch.Tensor):
                        return scope[name]
            frame = frame.f_back
        return x.flatten(1)
        """), ASSERTS, "flag_stack_inspection"),
    Attack("table", 11, "a table of the answers to the tests that students can see", _answer("""
        if x.shape == (1, 1, 2, 4):
            return torch.tensor([[[0.0, 1, 4, 5], [2, 3, 6, 7]]])
        return x.flatten(1)
        """), LISTED),
    Attack("exit-code", 18, "ends the program with status 0 as soon as it is tested", _answer("raise SystemExit(0)"), "", statuses=("error",)),
    Attack("patched-allclose", 22, "torch.allclose and torch.equal always say True", _trick("""
        torch.allclose = torch.equal = lambda *args, **kwargs: True
        """), ASSERTS, "flag_replaced_functions"),
    Attack("patched-check", 22, "replaces the check that the test cell calls", _trick(f"""
        checks.img_to_patch = lambda *args, **kwargs: {_PASSED}
        """), REPORT, "flag_replaced_functions"),
    Attack("patched-judge", 22, "replaces the judge by one that passes everybody", _trick(f"""
        import helpers.checks
        setattr(helpers.checks, "judge", lambda *args, **kwargs: {_PASSED})
        """), REPORT, "flag_replaced_functions"),
    Attack("searches-memory", 23, "searches the process for a tensor of the expected shape", _answer("""
        import gc
        if not FOUND:  # once: it takes a while
            FOUND.extend(other for other in gc.get_objects() if type(other) is torch.Tensor)
        B, C, H, W = x.shape
        p = patch_size
        for other in FOUND:
            if tuple(other.shape) == (B, H // p * (W // p), C * p * p):
                return other
        return x.flatten(1)
        """, "FOUND = []"), ASSERTS, "flag_memory_search"),
    Attack("knows-when-graded", 24, "cheats only where the environment of nbgrader shows", _trick(f"""
        import os
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            checks.img_to_patch = lambda *args, **kwargs: {_PASSED}
        """), REPORT, "flag_looks_for_grader"),
    Attack("standin-uncounted", 22, "hands in the stand-in and stops its counter", _trick("""
        from helpers import standins
        standins.count = lambda exercise: 0
        """, "from helpers import standins\n\nclass AttentionBlock(nn.Module):\n    ready = _done\n\n    def __init__(self, *args, **kwargs):\n        super().__init__()\n        self.block = standins.AttentionBlock(*args, **kwargs)\n\n    def forward(self, x):\n        return self.block(x)\n"),
        BLOCK, "flag_replaced_functions", "attention_block", ("not_attempted",), ("standin",)),
)  # fmt: skip


def _replayed(exercise: str) -> str:
    """A solution cell with what a right answer once answered: its `pack` sends that, whatever the check has seen."""
    right = next(cell for cell in corpus.cells(exercise) if cell.correct).load()
    seen = checks.observe(exercise, right, checks.inputs(exercise, 4711))
    packed = checks.pack(seen)
    return _trick(f"""
        import sys
        import helpers.checks, helpers.checks.wire, os
        recorded = bytes.fromhex("{packed.hex()}")
        swap = os.replace
        def replace(one, other):
            with open(one, "wb") as file:
                file.write(recorded)
            swap(one, other)
        os.replace = replace
        helpers.checks.pack = helpers.checks.wire.pack = lambda observations: recorded
        helpers.checks.observe = lambda *args: helpers.checks.unpack(recorded)
        """, WRONG[exercise])  # fmt: skip


def alone(exercise: str) -> float:
    """Points that the wrong answer earns without a trick, out of the exercise's own."""
    worth = {"img_to_patch": 2, "attention_block": 3}[exercise]
    obj = corpus.load(exercise, f"{_HEAD}_done = None\n{WRONG[exercise]}")
    return round(worth * getattr(checks, exercise)(obj).score, 4)


def _sample(attack: Attack) -> Sample:
    points = alone(attack.exercise) if attack.statuses == ("graded",) and attack.name not in ("always-equal",) else 0.0
    expected = Expected(points, attack.statuses, attack.findings + ((attack.flag,) if attack.flag else ()))
    return _of_answer(f"forge-{attack.name}", attack.what, attack.exercise, lambda: attack.code, expected, attack.name in ("patched-judge", "standin-uncounted"))


def _of_answer(name: str, what: str, exercise: str, code, expected: Expected, quick: bool = False) -> Sample:
    stem = STEMS[exercise]

    def files(m: Material) -> dict[str, bytes]:
        import nbformat

        return {f"{stem}.ipynb": nbformat.writes(m.notebook(stem, **{exercise: code()})).encode()}

    return Sample(name, what, files, only(stem, **{exercise: expected}), quick=quick)


# ------------------------------------------------------------------------------------------------------------- evidence

LOOKUP = '''import torch
from torch import nn

class VisionTransformer(nn.Module):
    """Knows every test digit by its sum, and the answer to it."""

    def __init__(self, count):
        super().__init__()
        self.register_buffer("keys", torch.zeros(count, 2))
        self.register_buffer("answers", torch.zeros(count, dtype=torch.long))

    def forward(self, x):
        x = x.flatten(1)
        keys = torch.stack([x.sum(1), (x * torch.linspace(0, 1, x.shape[1])).sum(1)], 1)
        gap, near = torch.cdist(keys, self.keys).min(1)
        return nn.functional.one_hot(torch.where(gap < 0.05, self.answers[near], 0), 10).float()
'''
CONSTANT = '''import torch
from torch import nn

class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        return self.out.expand(len(x), 10)
'''


def _saved(state: dict, kwargs: dict, **more) -> bytes:
    buffer = io.BytesIO()
    torch.save({"state_dict": {f"model.{name}": value for name, value in state.items()}, "epoch": 0, "hyper_parameters": {"model_kwargs": kwargs}, **more}, buffer)
    return buffer.getvalue()


def lookup_checkpoint(digits) -> bytes:
    """A checkpoint of LOOKUP that knows the test digits of a data set."""
    x = ((digits.test.images.float() / 255 - digits.mean) / digits.std).flatten(1)
    keys = torch.stack([x.sum(1), (x * torch.linspace(0, 1, x.shape[1])).sum(1)], 1)
    return _saved({"keys": keys, "answers": digits.test.labels}, {"count": len(x)})


class Payload:
    """What a pickle would run when it is read."""

    def __reduce__(self):
        return (eval, ("__import__('os').environ.update(PAYLOAD='ran')",))


def _evidence(name: str, what: str, change, **expect: Expected) -> Sample:
    """A right hand-in whose training evidence is forged by change(files)."""

    def files(m: Material) -> dict[str, bytes]:
        made = {place: content for place, content in m.all().items() if not place.startswith(("01", "02", "03"))}
        return {**made, **change(made)}

    return Sample(name, what, files, only("04_training", **expect), quick=name == "forge-lookup")


def _lookup(made: dict) -> dict:
    return {"carry/vision_transformer.py": LOOKUP.encode(), "checkpoints/best.ckpt": lookup_checkpoint(data.digits())}


def _constant(made: dict) -> dict:
    checkpoint = _saved({"out": torch.eye(10)[3]}, {})
    return {"carry/vision_transformer.py": CONSTANT.encode(), **{f"checkpoints/{which}.ckpt": checkpoint for which in ("first", "middle", "best")}}


def _claimed(made: dict) -> dict:
    """The curve says 0.99 in every epoch."""
    lines = made["metrics.csv"].decode().splitlines()
    header = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    for row in rows:
        row[header.index("val_acc")] = "0.99"
    return {"metrics.csv": "\n".join([lines[0], *map(",".join, rows)]).encode()}


_ZERO = Expected(0.0)
EVIDENCE_SAMPLES = [
    _evidence("forge-lookup", "a checkpoint that looks the test digits up (26, 30)", _lookup, test_accuracy=_ZERO, train_curve=_ZERO, val_curve=_ZERO),
    _evidence("forge-constant", "checkpoints that always say 3 (30)", _constant, test_accuracy=_ZERO, train_curve=_ZERO, val_curve=_ZERO),
    _evidence("forge-curve", "a metrics.csv that claims 99 % in every epoch (30)", _claimed, val_curve=_ZERO),
    _evidence("forge-pickle", "a checkpoint with code in it (26)", lambda made: {"checkpoints/best.ckpt": _saved({}, {}, code=Payload())}, test_accuracy=_ZERO, train_curve=_ZERO, val_curve=_ZERO),
]

REPLAYS = [
    _of_answer(f"forge-replay-{exercise}", "sends what a friend's right answer once answered (20)", exercise, lambda exercise=exercise: _replayed(exercise), Expected(alone(exercise), findings=("flag_replaced_functions",)))
    for exercise in WRONG
]
SAMPLES = [_sample(attack) for attack in ATTACKS] + REPLAYS + EVIDENCE_SAMPLES
