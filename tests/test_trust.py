"""Verdicts that a student's code cannot forge: every trick works on a grader that judges in the student's process, and gains nothing here."""

import ast
import math
import os
import subprocess
import sys

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

from autograder.assignment import Exercise
from autograder.building.sources import COURSE
from autograder.containment.kernel import Outcome
from autograder.judging import exhibits, kept, running, suspicion
from autograder.judging.digits import DEGREES, MEASURED, SHIFT, disguise, load_digits, save_digits, shown
from autograder.judging.running import Runner
from autograder.judging.verdicts import Verdict
from helpers import NAMES, checks, data, evidence
from helpers.training import Augment
from tests import corpus
from tests.corpus.submissions import forgery

BY_NAME = {attack.name: attack for attack in forgery.ATTACKS}
STOCK = [attack for attack in forgery.ATTACKS if attack.test]
QUICK = ("strips-asserts", "formatter", "patched-judge")  # these show it in every run of the tests, the others in the full one


def stock_grade(attack, place):
    """Points that stock nbgrader gives: the test cell runs in the student's kernel, its outputs tell the score."""
    (place / "source" / "ps1").mkdir(parents=True)
    reference = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"import torch\n{RIGHT}")])
    nbformat.write(reference, place / "source" / "ps1" / "p1.ipynb")
    folder = place / "autograded" / "ada" / "ps1"
    folder.mkdir(parents=True)
    test = nbformat.v4.new_code_cell(attack.test)
    test.metadata["nbgrader"] = {"grade": True, "solution": False, "points": 2, "grade_id": attack.exercise, "locked": True, "schema_version": 3, "cell_type": "code"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(attack.code), test])
    environment = {**os.environ, "NBGRADER_EXECUTION": "autograde", "PYTHONPATH": str(COURSE), "OMP_NUM_THREADS": "1"}
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}).execute(env=environment)
    return determine_grade(notebook.cells[1])[0]


RIGHT = next(cell for cell in corpus.cells("img_to_patch") if cell.correct).path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in (attack.name for attack in STOCK)])
def test_the_trick_works_where_the_judge_sits_in_the_students_process(name, tmp_path):
    points = stock_grade(BY_NAME[name], tmp_path)
    full = 2.0
    assert points == full or math.isnan(points), points


def test_an_exit_status_is_worth_nothing(tmp_path):
    """18: where a script's exit status is believed, ending it is enough."""
    code = BY_NAME["exit-code"].code + "\nassert img_to_patch(torch.zeros(1, 1, 4, 4), 2).shape == (1, 4, 4)"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(COURSE)}, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0


@pytest.mark.full
def test_a_pickle_runs_what_it_holds_where_it_is_trusted(tmp_path, monkeypatch):
    monkeypatch.delenv("PAYLOAD", raising=False)
    path = tmp_path / "best.ckpt"
    path.write_bytes(forgery._saved({}, {}, code=forgery.Payload()))
    torch.load(path, weights_only=False)
    assert os.environ.pop("PAYLOAD") == "ran"


# ---------------------------------------------------------------------------------------------------- one kernel, here


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def graded(scratch, exercise, code, seed=5):
    """(verdict, look) of one answer by the grader's own way, in a kernel of its own."""
    from autograder.submissions import slicing

    place = scratch / os.urandom(4).hex()
    runner = Runner(place, scratch, (exercise,), 20)
    try:
        what = Exercise(exercise, {"img_to_patch": 2.0, "attention_block": 3.0}[exercise], NAMES[exercise], f"{exercise}_solution")
        look = running.observe_answer(runner, what, slicing.needed([code], NAMES[exercise], 0), seed)
        return running.judge_answer(what, look, 20), look
    finally:
        runner.close()


TRIED = [*forgery.ATTACKS]


@pytest.mark.parametrize("name", [name if name in (*QUICK, "stack", "standin-uncounted", "reads-the-reference", "always-equal") else pytest.param(name, marks=pytest.mark.full) for name in (attack.name for attack in TRIED)])
def test_the_trick_gains_nothing_here(name, scratch):
    attack = BY_NAME[name]
    verdict, look = graded(scratch, attack.exercise, attack.code)
    assert verdict.points <= forgery.alone(attack.exercise), verdict
    assert verdict.codes and verdict.status in attack.statuses, (verdict, look.outcome)
    assert set(attack.findings) <= set(verdict.findings)


@pytest.mark.parametrize("exercise", ["img_to_patch", pytest.param("attention_block", marks=pytest.mark.full)])
def test_recorded_answers_are_worth_nothing(exercise, scratch):
    verdict, look = graded(scratch, exercise, forgery._replayed(exercise))
    assert look.seen is not None and verdict.points <= forgery.alone(exercise) and verdict.codes


def test_the_same_run_repeats_bit_for_bit(scratch):
    code = next(cell for cell in corpus.cells("attention_block") if cell.correct).path.read_text(encoding="utf-8")
    one, other, third = (graded(scratch, "attention_block", code, seed) for seed in (5, 5, 6))
    assert one[0] == other[0] and one[0].passed and third[0].passed

    def numbers(look):
        return {name: value for name, value in look.seen.items() if isinstance(value, torch.Tensor)}

    first, again, else_ = numbers(one[1]), numbers(other[1]), numbers(third[1])
    assert first.keys() == again.keys() and all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["full"], else_["full"])


def test_the_seed_and_what_judges_never_enter_the_kernel(scratch):
    """The student's code looks for them everywhere it can, and says in its answer what it has found."""
    spy = """
SECRET = 987654320 + 1

def search():
    import gc, importlib, os, sys
    found = []
    for module in ("helpers.checks.patches_judge", "helpers.checks.attention_judge", "helpers.evidence_judge", "autograder", "solutions", "tests"):
        try:
            importlib.import_module(module)
            found.append(module)
        except ImportError:
            pass
    for folder in sys.path:
        for where, _, names in os.walk(os.path.join(folder, "helpers")):
            found += [name for name in names if name.endswith("_judge.py")]
    frame = sys._getframe()
    while frame is not None:
        found += [name for name, value in {**frame.f_globals, **frame.f_locals}.items() if value is not SECRET and type(value) is int and value == SECRET]
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict:
            found += [str(name) for name, value in list(thing.items()) if value is not SECRET and type(value) is int and value == SECRET]
    from helpers import standins
    try:
        standins.img_to_patch(None, 1)
    except NotImplementedError:
        pass
    except Exception:
        found.append("standin")
    return found

FOUND = []

def img_to_patch(x, patch_size, flatten_channels=True):
    if not FOUND:
        FOUND.append(repr(search()))
    raise RuntimeError("found " + FOUND[0])
"""
    _, look = graded(scratch, "img_to_patch", spy, seed=987654321)
    assert look.seen["square.error"] == "RuntimeError: found []"


# ------------------------------------------------------------------------------------------------------------ libraries


def test_a_library_leaves_out_what_judges_and_the_standins_of_this_and_later_stages(tmp_path):
    for stage, exercise in enumerate(NAMES):
        place = exhibits.library(tmp_path, (exercise,))
        files = {path.relative_to(place).as_posix() for path in place.rglob("*.py")}
        assert "helpers/checks/attention.py" in files and not [name for name in files if name.endswith("_judge.py")]
        trees = [ast.parse(path.read_text()) for path in (place / "helpers" / "standins").glob("*.py")]
        withheld = {node.name for tree in trees for node in tree.body if getattr(node, "name", "") in NAMES.values() and "StandIn" in ast.unparse(node)}
        assert withheld == set(list(NAMES.values())[stage:])
    assert exhibits.library(tmp_path, ("img_to_patch",)) == exhibits.library(tmp_path, ("drop_path",))


# ---------------------------------------------------------------------------------------------------------------- flags


def test_no_honest_cell_is_flagged():
    cells = [path for path in sorted((COURSE / "tests" / "corpus").glob("*/*/*.py")) if path.parent.name in ("correct", "wrong")]
    assert len(cells) > 400
    flagged = {path.name: found for path in cells if (found := suspicion.of_cells([path.read_text(encoding="utf-8")]))}
    assert not flagged
    for path in (*COURSE.glob("notebooks/*.ipynb"), *COURSE.glob("solutions/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        assert not suspicion.of_cells([cell.source for cell in notebook.cells if cell.cell_type == "code"]), path.name


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.backends.cudnn.deterministic = True\ntorch.backends.cuda.matmul.allow_tf32 = True",
        "import sys\nIN_COLAB = 'google.colab' in sys.modules",
        "from torch import nn\nnn.Module.count = lambda self: sum(p.numel() for p in self.parameters())",
        "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 80\nmodel.eval()",
        "%load_ext autoreload\n%autoreload 2\n!pip install -q einops",
        "class Config:\n    def __eq__(self, other):\n        return self.x == other.x",
        "import os\nos.environ['CUDA_LAUNCH_BLOCKING'] = '1'",
    ],
)
def test_usual_habits_are_not_flagged(code):
    assert suspicion.of_cells([code]) == []


@pytest.mark.parametrize("attack", [attack for attack in forgery.ATTACKS if attack.flag], ids=lambda attack: attack.name)
def test_every_trick_is_flagged_from_its_text_alone(attack):
    found = {flag.name: flag.sentence for flag in suspicion.of_cells(["import os", attack.code])}
    assert attack.flag in found and found[attack.flag].startswith("Code cell 2 "), found


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import torch\ntorch.allclose = print", "Code cell 1 replaces torch.allclose."),
        ("import helpers.checks as c\nc.judge = print", "Code cell 1 replaces helpers.checks.judge."),
        ("from torch import Tensor\nsetattr(Tensor, '__eq__', print)", "Code cell 1 replaces torch.Tensor.__eq__."),
        ("import sys\nsys.modules['helpers'] = 1", "Code cell 1 replaces sys.modules."),
        ("import torch\nvars(torch)['allclose'] = 1", "Code cell 1 replaces torch."),
        ("import builtins\nbuiltins.len = 1", "Code cell 1 replaces builtins.len."),
        ("import sys\nsys._getframe(1)", "Code cell 1 looks at the call stack (sys._getframe)."),
    ],
)
def test_flags_say_what_is_written(code, sentence):
    assert sentence in [flag.sentence for flag in suspicion.of_cells([code])]


def test_code_that_cannot_be_read_is_no_reason_to_stop():
    assert suspicion.of_cells(["def f(:", "(" * 10_000, "\x00", "%%bash\nrm -rf /"]) == []


# --------------------------------------------------------------------------------------------------------------- digits


@pytest.fixture(scope="module")
def digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.digits()


def test_measured_digits_are_secret_and_repeatable(digits):
    one, again, other = (disguise(digits.test, seed) for seed in (1, 1, 2))
    assert len(one) == len(one.images) == MEASURED and one.images.dtype == torch.uint8
    assert torch.equal(one.images, again.images) and torch.equal(one.labels, again.labels) and not torch.equal(one.images, other.images)
    known = {image.numpy().tobytes() for image in digits.test.images}
    assert not any(image.numpy().tobytes() in known for image in one.images)
    assert DEGREES <= Augment().degrees and SHIFT <= Augment().shift  # never beyond what the course trains with
    assert torch.bincount(one.labels, minlength=10).min() > MEASURED / 20


def test_a_kernel_is_shown_images_of_one_part_and_no_labels(digits, tmp_path):
    images, labels = save_digits(digits, tmp_path)
    sent = checks.unpack(checks.pack(shown(load_digits(images, labels), "test_accuracy", "test")))
    assert sorted(sent) == ["exercise", "images", "mean", "part", "source", "std"] and torch.equal(sent["images"], digits.test.images)


def measured(folder, digits, seed):
    hidden = type(digits)(digits.train, digits.val, disguise(digits.test, seed), digits.source, digits.mean, digits.std)
    return evidence.judge("test_accuracy", evidence.observe("test_accuracy", folder, hidden), hidden)


def test_a_table_of_the_test_digits_is_found_out(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    (tmp_path / "carry").mkdir()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "carry" / "vision_transformer.py").write_text(forgery.LOOKUP)
    (tmp_path / "checkpoints" / "best.ckpt").write_bytes(forgery.lookup_checkpoint(digits))
    assert evidence.test_accuracy(tmp_path).passed  # measured on the digits that everybody has, it looks perfect
    report = measured(tmp_path, digits, 3)
    assert not report.passed and report.codes == ("below_threshold",)


def test_an_honest_model_loses_next_to_nothing(digits):
    """Trained without any augmentation: the hardest honest case. Twenty draws, so that chance plays no part."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 16, 5, stride=2), torch.nn.GELU(), torch.nn.Conv2d(16, 32, 5, stride=2), torch.nn.GELU(), torch.nn.Flatten(), torch.nn.Linear(512, 10))
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    for _ in range(4):
        for images, labels in data.batches(digits.train, 100, mean=digits.mean, std=digits.std, train=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()
    plain = evidence.measure(net.eval(), digits.test, digits.mean, digits.std)["accuracy"]
    turned = [evidence.measure(net, disguise(digits.test, seed), digits.mean, digits.std)["accuracy"] for seed in range(10)]
    assert plain > 0.9 and sum(turned) / len(turned) > plain - 0.01


# ----------------------------------------------------------------------------------------------------------------- kept


def test_what_a_verdict_rests_on_is_kept(tmp_path):
    given = checks.inputs("img_to_patch", 3)
    wrong = next(cell for cell in corpus.cells("img_to_patch") if not cell.correct).load()
    seen = checks.observe("img_to_patch", wrong, given)
    verdict = Verdict("img_to_patch", 1.0, 2.0, "graded", ("column_major_order",), messages=("Look at your permute.",))
    about = {"student": "ada", "stem": "01_patches", "exercise": "img_to_patch", "version": "1", "seed": 3, "verdict": verdict.to_json(), "flags": [], "outcome": vars(Outcome("ok"))}
    kept.write(kept.place(tmp_path, "ada", "01_patches", "img_to_patch"), about, given, seen)
    back = kept.read(tmp_path, "ada", "01_patches", "img_to_patch")
    assert back.verdict == verdict and back.about["seed"] == 3
    assert torch.equal(back.given["square"], given["square"]) and back.given["square.p"] == given["square.p"]
    again = checks.judge("img_to_patch", back.seen, back.given)  # the verdict can be made again from what is kept
    assert again.codes == checks.judge("img_to_patch", seen, given).codes and not again.passed
    assert kept.read(tmp_path, "ada", "01_patches", "nothing") is None
    (tmp_path / "evidence" / "ada" / "01_patches" / "img_to_patch.json").write_text("{")
    assert kept.read(tmp_path, "ada", "01_patches", "img_to_patch") is None


def test_large_tensors_are_told_not_kept(tmp_path):
    path = kept.place(tmp_path, "a", "b", "c")
    kept.write(path, {"verdict": Verdict("c", 0, 1, "graded").to_json()}, None, {"big": torch.zeros(kept.SMALL + 1), "small": torch.tensor([1.0, float("nan")])})
    back = kept.read(tmp_path, "a", "b", "c")
    assert set(back.seen) == {"small"} and back.about["seen"]["big"]["shape"] == [kept.SMALL + 1]
