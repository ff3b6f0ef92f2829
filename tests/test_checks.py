"""The checks as a student and a grader meet them: they end, never raise, say what is wrong, and send plain data."""

import io
import json
import math
import subprocess
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from helpers import checks, standins
from tests import corpus


def right(exercise):
    """A right cell that uses only common PyTorch, from the corpus."""
    return next(cell for cell in corpus.cells(exercise) if cell.correct).load()


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_standin_earns_nothing_even_wrapped(exercise):
    standin = standins.get(exercise)
    wrapped = type("Mine", (standin,), {}) if isinstance(standin, type) else lambda *a, **k: standin(*a, **k)
    for obj in (standin, wrapped):
        report = getattr(checks, exercise)(obj)
        assert (report.passed, report.score, report.codes, report.findings) == (
            False, 0.0, ("not_implemented",), ("standin",))


@pytest.mark.parametrize("exercise", checks.EXERCISES)
@pytest.mark.parametrize("obj", [None, 3, "text", object(), lambda *a, **k: None, dict, int, nn.Linear],
                         ids=["None", "number", "text", "object", "function", "dict", "int", "Linear"])
def test_nonsense_fails_without_an_exception(exercise, obj):
    report = getattr(checks, exercise)(obj)
    assert not report.passed and report.score == 0.0 and report.codes and report.messages


def test_endless_loop_that_swallows_everything_ends():
    stopped = []

    def stubborn(x, patch_size, flatten_channels=True):
        for _ in range(3):
            try:
                while not stopped:
                    time.sleep(0.01)
            except BaseException:
                pass
        return x

    start = time.monotonic()
    report = checks.img_to_patch(stubborn)
    assert time.monotonic() - start < 13
    stopped.append(True)
    assert report.codes == ("raises",) and "10 seconds" in report.messages[0]


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), RecursionError("deep"), MemoryError()])
def test_any_exception_is_reported(error):
    def explodes(x, patch_size, flatten_channels=True):
        raise error

    report = checks.img_to_patch(explodes)
    assert report.codes == ("raises",) and type(error).__name__ in report.messages[0]


def test_prints_of_the_student_do_not_bury_the_report(capsys):
    def noisy(x, patch_size, flatten_channels=True):
        print("shape", x.shape)
        return right("img_to_patch")(x, patch_size, flatten_channels)

    assert checks.img_to_patch(noisy).passed
    assert capsys.readouterr().out == ""


def test_random_state_and_modes_are_left_alone():
    torch.manual_seed(4)
    before = torch.get_rng_state()
    for exercise in checks.EXERCISES:
        getattr(checks, exercise)(right(exercise))
    assert torch.equal(torch.get_rng_state(), before) and torch.is_grad_enabled()


def test_a_check_computes_on_one_core_and_leaves_the_session_its_threads():
    before, inside = torch.get_num_threads(), []

    def img_to_patch(x, patch_size, flatten_channels=True):
        inside.append(torch.get_num_threads())
        raise ValueError

    torch.set_num_threads(2)
    try:
        checks.img_to_patch(img_to_patch)
        assert set(inside) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_report_reads_well_as_text_and_as_html():
    wrong = next(c for c in corpus.cells("img_to_patch") if c.codes == ("column_major_order",)).load()
    report = checks.img_to_patch(wrong)
    text, page = str(report), report._repr_html_()
    assert "column_major_order" in text and "top to bottom" in text
    assert report.picture.startswith(b"\x89PNG") and "data:image/png;base64," in page
    assert "<script" not in page
    assert str(checks.img_to_patch(wrong)) == text


def test_messages_escape_what_the_student_wrote():
    def attack(x, patch_size, flatten_channels=True):
        raise RuntimeError("<script>alert(1)</script>")

    assert "<script>" not in checks.img_to_patch(attack)._repr_html_()


def test_vision_transformer_score_follows_the_point_rule():
    seen = set()
    for cell in corpus.cells("vision_transformer"):
        if cell.correct or cell.codes[0] not in ("cls_missing", "pos_missing", "softmax_output", "mean_pool"):
            continue
        score = checks.vision_transformer(cell.load()).score
        assert score == (0.0 if cell.codes[0] == "softmax_output" else 0.5), cell.name
        seen.add(cell.codes[0])
    assert len(seen) == 4


def test_builtin_layer_is_right_and_noted():
    class AttentionBlock(nn.Module):
        def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, "gelu",
                                                    batch_first=True, norm_first=True)

        def forward(self, x):
            return self.layer(x)

    report = checks.attention_block(AttentionBlock)
    assert report.passed and report.findings == ("builtin_layer",)


def test_pack_and_unpack_keep_everything():
    given = {"a": torch.randn(2, 3), "n": 3, "ok": True, "text": "é", "none": None, "x": 0.5,
             "long": torch.arange(3), "flag": torch.tensor([True, False])}
    back = checks.unpack(checks.pack(given))
    assert back.keys() == given.keys()
    for name, value in given.items():
        same = torch.equal(back[name], value) if isinstance(value, torch.Tensor) else back[name] == value
        assert same, name
    with pytest.raises(TypeError):
        checks.pack({"bad": object()})


def text(value):
    return np.frombuffer(value if isinstance(value, bytes) else json.dumps(value).encode(), np.uint8)


def npz(compressed=False, **arrays):
    """An .npz as `pack` makes it, with these arrays in place of its own."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **{"names": text(["plain.json", "x"]), "a0": text({}), "a1": np.zeros(2), **arrays})
    return buffer.getvalue()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(header, content=b""):
    header = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def bytes_of(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


HOSTILE = {
    "empty": lambda: b"",
    "text": lambda: b"not a zip",
    "cut": lambda: npz()[:-30],
    "pickle": lambda: npz(a1=np.array([{"evil": 1}], dtype=object)),
    "pickle in a structure": lambda: npz(a1=np.zeros(2, dtype=[("a", "f8"), ("b", "O")])),
    "strings": lambda: npz(a1=np.array(["a"])),
    "complex": lambda: npz(a1=np.zeros(2, complex)),
    "long double": lambda: npz(a1=np.zeros(2, np.longdouble)),
    "other byte order": lambda: npz(a1=np.zeros(2, ">f8")),
    "too many axes": lambda: npz(a1=np.zeros((1,) * 9)),
    "zip bomb": lambda: npz(compressed=True, a1=np.zeros(100 * 2**20, np.uint8)),
    "many bombs": lambda: npz(compressed=True, **{f"a{i}": np.zeros(2**20, np.uint8) for i in range(2, 80)}),
    "too many parts": lambda: npz(**{f"a{i}": np.zeros(1) for i in range(2, 1100)}),
    "parts without names": lambda: npz(a2=np.zeros(1)),
    "names without parts": lambda: npz(names=text(["plain.json", "x", "y"])),
    "one name twice": lambda: npz(names=text(["x", "x"])),
    "names that are none": lambda: npz(names=text([1, 2])),
    "nested": lambda: npz(a0=text({"x": [1, 2]})),
    "a list": lambda: npz(a0=text([1])),
    "deep": lambda: npz(a0=text(b"[" * 100_000)),
    "huge number": lambda: npz(a0=text(b'{"n": 1' + b"0" * 4000 + b"}")),
    "a name of both kinds": lambda: npz(a0=text({"x": 1})),
    "announces more than it holds": lambda: zipped(names=bytes_of(text(["plain.json", "x"])), a0=bytes_of(text({})), a1=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")),
    "negative size": lambda: zipped(names=bytes_of(text(["plain.json", "x"])), a0=bytes_of(text({})), a1=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", b"\0" * 8)),
    "code in a header": lambda: zipped(names=bytes_of(text(["plain.json", "x"])), a0=bytes_of(text({})), a1=npy("__import__('os').abort()")),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_unpack_refuses_bytes_that_pack_did_not_make(kind):
    data = HOSTILE[kind]()
    assert len(data) < 2**20  # so it is not refused for its size alone
    tracemalloc.start()
    with pytest.raises(ValueError):
        checks.unpack(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 160 * 2**20


def test_unpack_takes_what_numpy_writes():
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    back = checks.unpack(npz(a1=fortran))
    assert torch.equal(back["x"], torch.from_numpy(np.ascontiguousarray(fortran)))
    assert math.isnan(checks.unpack(npz(a0=text(b'{"n": NaN}')))["n"])  # for the judge, who takes it for no number


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_judge_never_raises_on_forged_observations(exercise):
    given = checks.inputs(exercise, 0)
    honest = checks.observe(exercise, right(exercise), given)
    generator = np.random.default_rng(0)
    for name in honest:
        for forged in (None, "x", 7, float("nan"), torch.zeros(0), torch.full((3, 7), float("inf"))):
            report = checks.judge(exercise, honest | {name: forged}, given, picture=False)
            assert isinstance(report.passed, bool)
        fewer = {k: v for k, v in honest.items() if k != name and generator.random() < 0.9}
        assert isinstance(checks.judge(exercise, fewer, given, picture=False).passed, bool)
    assert not checks.judge(exercise, {}, given).passed


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_observations_of_other_inputs_do_not_pass(exercise):
    """A right answer to one secret is no answer to another: what a friend's code answered at home is worth nothing."""
    one, other = checks.inputs(exercise, 1), checks.inputs(exercise, 2)
    seen = checks.observe(exercise, right(exercise), one)
    assert checks.judge(exercise, seen, one).passed and not checks.judge(exercise, seen, other).passed


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_inputs_are_plain_and_the_same_again(exercise):
    given, again, other = (checks.inputs(exercise, seed) for seed in (7, 7, 8))
    sent = checks.unpack(checks.pack(given))
    assert set(sent) == set(given) == set(again)

    def same(a, b):
        return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b and type(a) is type(b)

    assert all(same(given[name], again[name]) and same(given[name], sent[name]) for name in given)
    assert not all(same(given[name], other[name]) for name in given)


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_a_probe_leaves_its_inputs_alone(exercise):
    given = checks.inputs(exercise, 3)
    checks.observe(exercise, right(exercise), given)
    fresh = checks.inputs(exercise, 3)
    assert all(torch.equal(given[name], value) for name, value in fresh.items() if isinstance(value, torch.Tensor))


@pytest.mark.parametrize("seed", [584, 2916, 3151])
def test_pixels_that_happen_to_be_alike_cost_no_points(seed):
    """For these seeds two random pixels of the image for the gradient were once the same number: one right cell in 800 failed."""
    weight = checks.inputs("img_to_patch", seed)["weight"]
    assert len(weight.unique()) == weight.numel()
    assert checks.img_to_patch(right("img_to_patch"), seed).passed


def test_checks_of_the_first_notebooks_do_not_import_lightning():
    """It takes longer to import than PyTorch, and nobody trains before notebook 04."""
    code = "import sys; from helpers import checks; [getattr(checks, name)(None) for name in ('img_to_patch', 'attention_block', 'vision_transformer')]; print('lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_warm_up_names_the_mistake():
    def attend(q, k, v, scale=None, axis=-1):
        weights = (q @ k.transpose(-1, -2) / (scale or q.shape[-1] ** 0.5)).softmax(axis)
        return weights @ v, weights

    check = checks.scaled_dot_product_attention
    assert check(attend).passed and check(attend, seed=None).passed
    assert check(lambda q, k, v: attend(q, k, v, scale=1)).codes == ("missing_scale",)
    assert check(lambda q, k, v: attend(q, k, v, scale=4)).codes == ("wrong_scale",)
    assert check(lambda q, k, v: attend(q, k, v, axis=-2)).codes == ("softmax_axis",)
    assert check(lambda q, k, v: attend(q, k, v)[0]).codes == ("returns_values_only",)
    assert check(lambda q, k, v: attend(q, k, v)[::-1]).codes == ("wrong_order",)
    assert check(lambda q, k, v: None).codes == ("not_implemented",)


WRONG_BLOCKS = ("post_norm_encoder_layer_default", "missing_mlp_residual_return_mlp", "causal_mask_sdpa_flag", "batch_norm_over_features",
                "attends_across_batch_no_batch_first", "dropout_always_on_functional_default")


@pytest.mark.parametrize("block", WRONG_BLOCKS)
def test_a_wrong_block_of_another_cell_costs_the_model_nothing(block):
    wrong = next(cell for cell in corpus.cells("attention_block") if cell.name.endswith(block))
    source = next(text for cell in corpus.cells("vision_transformer") if cell.correct and "class AttentionBlock(" in (text := cell.path.read_text(encoding="utf-8")))
    model = corpus.load("vision_transformer", source, "notebook 03")
    model.__init__.__globals__["AttentionBlock"] = own = wrong.load()
    assert not checks.attention_block(own).passed
    assert checks.vision_transformer(model).passed
    assert model.__init__.__globals__["AttentionBlock"] is own


def test_a_wrong_block_hides_no_mistake_of_the_model():
    for code in ("cls_not_parameter", "pos_same_for_all_tokens", "dropout_missing", "wrong_num_layers", "softmax_output"):
        cell = next(cell for cell in corpus.cells("vision_transformer") if cell.codes[:1] == (code,) and "class AttentionBlock(" in cell.path.read_text(encoding="utf-8"))
        model = cell.load()
        model.__init__.__globals__["AttentionBlock"] = next(one for one in corpus.cells("attention_block") if one.name.endswith(WRONG_BLOCKS[1])).load()
        assert checks.vision_transformer(model).codes[:1] == (code,), cell.name
