"""The checks as a student and a grader meet them: they end, never raise, say what is wrong, and send plain data."""

import io
import json
import time

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


def hostile_bytes():
    pickled = io.BytesIO()
    np.savez(pickled, names=np.frombuffer(json.dumps(["a", "plain.json"]).encode(), np.uint8),
             a0=np.array([{"evil": 1}], dtype=object), a1=np.frombuffer(b"{}", np.uint8))
    bomb = io.BytesIO()
    np.savez_compressed(bomb, names=np.zeros(100 * 2**20, np.uint8))
    return {"empty": b"", "text": b"not a zip", "pickle": pickled.getvalue(), "bomb": bomb.getvalue()}


@pytest.mark.parametrize("kind", ["empty", "text", "pickle", "bomb"])
def test_unpack_refuses_bytes_that_pack_did_not_make(kind):
    with pytest.raises(ValueError):
        checks.unpack(hostile_bytes()[kind])


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_judge_never_raises_on_forged_observations(exercise):
    honest = checks.observe(exercise, right(exercise), 0)
    generator = np.random.default_rng(0)
    for name in honest:
        for forged in (None, "x", 7, float("nan"), torch.zeros(0), torch.full((3, 7), float("inf"))):
            report = checks.judge(exercise, honest | {name: forged}, 0, picture=False)
            assert isinstance(report.passed, bool)
        fewer = {k: v for k, v in honest.items() if k != name and generator.random() < 0.9}
        assert isinstance(checks.judge(exercise, fewer, 0, picture=False).passed, bool)
    assert not checks.judge(exercise, {}, 0).passed


@pytest.mark.parametrize("exercise", ["img_to_patch", "attention_block", "lit_vit"])
def test_observations_of_other_inputs_do_not_pass(exercise):
    """A right answer to one secret is no answer to another (vision_transformer's facts are relations)."""
    seen = checks.observe(exercise, right(exercise), 1)
    assert checks.judge(exercise, seen, 1).passed and not checks.judge(exercise, seen, 2).passed


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
