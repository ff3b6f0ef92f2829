"""Verdict on a Vision Transformer from what the probe saw: class token, positions, depth, head, dropout."""

from __future__ import annotations

import torch

from .messages import say
from .report import CheckReport, Ladder
from .run import close
from .vit import EXERCISE, OTHER_SIZES
from .vit_parts import DROPOUT, SIZES
from .vit_tokens_judge import BATCH, CLS, FIRST, HEAD, POS, class_token_and_positions, pixels

RUNS = "it runs and returns logits [B, num_classes] for any batch"
PATCHES = "every patch is projected in the same way"
SLICE = "images with fewer patches than num_patches work"
DEPTH = "num_layers independent blocks act one after the other"
DROP = "dropout acts on the tokens in train mode"
RUNGS = (RUNS, BATCH, PATCHES, CLS, FIRST, POS, SLICE, DEPTH, HEAD, DROP)
CLASS_TOKEN_CODES = ("mean_pool", "reads_wrong_token")


def points(codes: tuple[str, ...]) -> float:
    """Score by the contract: half for the class token, half for the positions; any other code costs both."""
    token = position = 0.5
    for code in codes:
        if code.startswith("cls_") or code in CLASS_TOKEN_CODES:
            token = 0.0
        elif code.startswith("pos_"):
            position = 0.0
        else:
            token = position = 0.0
    return token + position


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """CheckReport from the observations of `vit.probe` on these inputs; where the block is wrong, of the model with a right one."""
    report = _judge(seen, given)
    neutral = {name.removeprefix("neutral."): value for name, value in seen.items() if name.startswith("neutral.")}
    across = report.codes[:1] == ("attends_across_batch",) and not seen.get("neutral.foreign")  # the block is part of this answer
    if report.passed or not neutral or across or report.codes[:1] == ("not_implemented",):
        return report
    again = _judge(neutral, given)
    unfit = again.codes[:1] in (("raises",), ("wrong_shape",), ("attends_across_batch",))  # the model was written for its own block
    return again if again.score > report.score or again.score == report.score and not unfit else report


def _judge(seen: dict, given: dict) -> CheckReport:
    ladder = Ladder(EXERCISE, RUNGS)

    def fail(claim, code, **facts):
        ladder.rung(claim, False, code, say(EXERCISE, code, **facts))

    def ok(claim):
        ladder.held.setdefault(claim, True)

    def report():
        findings = ("builtin_layer",) if seen.get("builtin") else ()
        done = ladder.report(findings=findings)
        return ladder.report(findings=findings, score=points(done.codes)) if not done.passed else done

    if not _runs(seen, given, ladder, fail):
        early = ladder.report()
        zero = early.codes[:1] in (("not_implemented",), ("raises",))
        return ladder.report(score=0.0 if zero else points(early.codes))
    ok(RUNS)
    if seen.get("unregistered"):
        return _alone(ladder, DEPTH, "Some layers stand in a plain list, tuple or dict, where no optimiser finds them: use nn.ModuleList.")
    if seen.get("widenorm") or seen.get("mixes") or seen.get("train.mixes"):
        fail(BATCH, "normalizes_across_tokens")
    if seen.get("short.error") or not seen.get("short.fine"):
        fail(SLICE, "pos_not_sliced")
    elif not seen.get("wide.fine"):
        fail(SLICE, "unknown", detail="Images that are not square fail.")
    if "head.sum" not in seen:
        fail(RUNS, "raises", error=seen.get("watch.error", ""))
        return report()

    steady = close(seen["logits"], seen["logits.again"], 1e-4)
    mixing = _batch(seen, steady, fail, ok)
    softmax = _head(seen, steady, fail, ok)
    if not seen.get("head.direct") and not mixing and not softmax:
        return _alone(ladder, HEAD, "Between the class token and the logits there should be one LayerNorm and one Linear(embed_dim, num_classes).")
    if not mixing and not softmax and _idle(seen):
        fail(DEPTH, "wrong_num_layers")
        return report()
    if not mixing and not softmax:
        class_token_and_positions(seen, given, steady, fail, ok)
    if not softmax and not ladder.diagnoses:
        _patches(seen, fail, ok)
    if not ladder.diagnoses and (seen.get("padded") or not _sliced(seen)):
        fail(SLICE, "pos_not_sliced")
    else:
        ok(SLICE)
    if not seen.get("crowd.fine") and not ladder.diagnoses:
        fail(RUNS, "hardcoded_batch_size")
    if not ladder.diagnoses and (seen["sizes.error"] or "sizes.shape" in seen and seen["sizes.shape"].tolist() != [2, OTHER_SIZES["num_classes"]]):
        told = ", ".join(f"{name}={size}" for name, size in OTHER_SIZES.items())
        fail(RUNS, "unknown", detail=f"A model of other sizes fails: {told}. Is one of them written as a number? {seen['sizes.error']}".rstrip())
    _depth(seen, fail, ok)
    positions = any(code.startswith("pos_") for code, _ in ladder.diagnoses)
    _dropout(seen, steady, positions, fail, ok)
    if not ladder.diagnoses and not _steady_in_train(seen):
        fail(DROP, "unknown", detail="With dropout=0.0 train mode and eval mode should give the same: something is left out, or drawn, in train mode.")
    return report()


def _alone(ladder: Ladder, claim: str, detail: str) -> CheckReport:
    """The report of a finding without a code of its own that makes all other rungs meaningless."""
    ladder.diagnoses.clear()
    ladder.rung(claim, False, "unknown", say(EXERCISE, "unknown", detail=detail))
    return ladder.report(score=0.0)


def _runs(seen, given, ladder, fail) -> bool:
    want = (len(given["full"]), SIZES["num_classes"])
    for step in ("build", "full"):
        error = seen.get(f"{step}.error", "")
        if error.startswith("NotImplementedError"):
            fail(RUNS, "not_implemented")
            return False
        if error:
            break
    if not seen.get("build.error") and (not seen.get("module") or seen.get("full.type") in ("NoneType", "ellipsis")
                                        and not seen.get("full.error")):
        fail(RUNS, "not_implemented")
        return False
    if error:
        works = seen.get("batches", "").split()
        if step == "full" and works == ["1"]:
            fail(RUNS, "cls_not_per_image")
        elif step == "full" and works:
            fail(RUNS, "hardcoded_batch_size")
        else:
            fail(RUNS, "raises", error=error)
        return False
    got = tuple(seen["full"].shape) if "full" in seen else f"a {seen.get('full.type')}"
    if got == want:
        return True
    works = seen.get("batches", "").split()
    if isinstance(got, tuple) and len(got) == 2 and got[1] == want[1] and got[0] == want[0] + 1:
        fail(RUNS, "cls_not_per_image", got=got, want=want)
    elif works and works != ["1"]:
        fail(RUNS, "hardcoded_batch_size", got=got, want=want)
    else:
        fail(RUNS, "wrong_shape", got=got, want=want)
    return False


def _batch(seen, steady, fail, ok) -> bool:
    """Images of a batch must not see each other; True where they do."""
    if seen["alone"].shape != seen["logits"][:1].shape:
        fail(RUNS, "wrong_shape", got=tuple(seen["alone"].shape), want=(1, SIZES["num_classes"]))
        return True
    blind = not pixels(seen).any()
    if seen["leak"] and blind or steady and not (
            close(seen["company"][:1], seen["logits"][:1]) and close(seen["alone"], seen["logits"][:1])):
        fail(BATCH, "attends_across_batch")
        return True
    if seen["batchnorm"]:
        fail(BATCH, "normalizes_across_tokens")
        fail(BATCH, "attends_across_batch")
        return True
    if steady and _steady_in_train(seen) and not close(seen["train.company"][:1], seen["train"][:1]):
        fail(BATCH, "attends_across_batch")
        return True
    ok(BATCH)
    return False


def _steady_in_train(seen) -> bool:
    """Whether each call in train mode, with dropout=0.0, gives what eval mode gives."""
    return all(close(often, seen["logits"], 1e-3) for often in seen["train.often"])


def _sliced(seen) -> bool:
    """Whether an image with few patches uses as many positions as it has tokens, and the class token keeps its own."""
    if not seen.get("rows.full") or "off.short" not in seen:
        return True  # no table at all, or one that never acts: another rung says so
    given, taken = ((side // SIZES["patch_size"]) ** 2 for side in (8, 4))
    return seen["rows.full"] - given == seen["rows.short"] - taken and close(seen["off.short"], seen["off.base"], 1e-3)


def _head(seen, steady, fail, ok) -> bool:
    """Plain logits? True where a softmax hides what happens before it."""
    for out in (seen["logits"].double(), seen["train"].double()):
        if (out >= 0).all() and (out.sum(dim=1) - 1).abs().max() < 1e-4:
            fail(HEAD, "softmax_output")
            return True
        if out.logsumexp(dim=1).abs().max() < 1e-4:
            fail(HEAD, "log_softmax_output")
            return True
    return False


def _patches(seen, fail, ok) -> None:
    if not close(seen["unplaced"], seen["unplaced.shuffled"], 1e-3):
        fail(PATCHES, "unknown", detail="Without positions, the order of the patches should not matter: are the "
                                        "patches cut and projected one by one, without overlap?")
    elif not pixels(seen).any():
        fail(PATCHES, "unknown", detail="No gradient passes the projection of the patches, so it never learns: no .detach(), no torch.no_grad().")
    elif seen["onesided"]:
        fail(PATCHES, "unknown", detail="Nothing but the positions should follow the projection of the patches: no ReLU, no GELU.")
    elif all(close(seen["pixels.grad"][:, 0], other) for other in seen["pixels.grad"].unbind(1)):
        fail(PATCHES, "unknown", detail="All colour channels act alike: each pixel of each channel has weights of its own.")
    elif not pixels(seen).all():
        fail(PATCHES, "unknown", detail="Some pixels never reach the logits.")
    else:
        ok(PATCHES)


def _acting(seen, layers: int) -> torch.Tensor:
    """Which matrices of the model of so many layers change the logits when they are drawn anew."""
    return (seen[f"depth{layers}.changed"] - seen[f"depth{layers}"]).abs().flatten(1).amax(1) > 1e-6


def _idle(seen) -> bool:
    """Whether no matrix of the blocks acts: they are built, and never called, or their result is dropped."""
    if "depth3.changed" not in seen:
        return False
    return _acting(seen, 1).sum() == _acting(seen, 3).sum() and len(seen["depth3.changed"]) > len(seen["depth1.changed"])


def _depth(seen, fail, ok) -> None:
    if "depth3.changed" not in seen:
        fail(DEPTH, "wrong_num_layers")
        return
    counts, unused = [], []
    for layers in (1, 2, 3):
        acts = _acting(seen, layers)
        counts.append(len(acts))
        unused.append(int((~acts).sum()))
    one, two, three = counts
    hidden = seen["depth.hidden"].tolist()
    block = two - one
    if block == 0 and three == one:
        matters = "depth.one" in seen and not torch.allclose(seen["depth.one"], seen["depth3"], atol=1e-4, rtol=1e-4)
        fail(DEPTH, "shared_blocks" if matters else "wrong_num_layers")
    elif seen["calls"] <= 1 and seen["calls.inside"] == SIZES["num_layers"]:  # blocks of their own, but attention or MLP is one for all
        fail(DEPTH, "shared_blocks")
    elif seen["depth.norms"][2] > seen["depth.norms"][0]:  # one LayerNorm does the work of several blocks
        fail(DEPTH, "shared_blocks")
    elif three - two != block or (hidden[1] and hidden[0] != hidden[1] - hidden[0]):
        fail(DEPTH, "wrong_num_layers")
    elif unused[2] >= block > 0 or seen["calls"] > 1:
        fail(DEPTH, "wrong_num_layers")
    elif seen["chain"] == "beside":
        fail(DEPTH, "unknown", detail="All blocks are given the same tokens: give each what the one before it returned.")
    elif seen["chain"] or seen["train.chain"] and _steady_in_train(seen):
        fail(DEPTH, "unknown", detail="Something happens to the tokens between the blocks, or behind the last one: each block, and then the LayerNorm, takes what the block before it returned, as it is.")
    else:
        ok(DEPTH)


def _dropout(seen, steady, positions, fail, ok) -> None:
    if "dropout.tokens.again" not in seen:
        fail(DROP, "raises", error=seen.get("dropout.error", ""))
    elif not steady:
        return
    elif not close(seen["dropout.eval"], seen["dropout.eval.again"], 1e-4):
        fail(DROP, "unknown", detail="Dropout acts in eval mode as well.")
    elif not close(seen["read.train"], seen["read.base"], 1e-3):
        fail(DROP, "unknown", detail="With dropout=0.0 train mode and eval mode should give the same: is the dropout argument the rate?")
    elif close(seen["dropout.tokens"], seen["dropout.tokens.again"], 1e-5):
        if not positions or close(seen["dropout.train"], seen["dropout.train.again"], 1e-5):
            fail(DROP, "dropout_missing")  # else the patches alone get it, as they alone get positions
    elif len(seen["dropout.zeros"]) and not positions and not _dropped(seen["dropout.zeros"]).any():
        fail(DROP, "dropout_missing")
    else:
        ok(DROP)


def _dropped(zeros: torch.Tensor) -> torch.Tensor:
    """For which blocks [calls] patches and class token came in with about a share DROPOUT of zeros."""
    return ((zeros[:, 0] - DROPOUT).abs() < 0.15) & ((zeros[:, 1] - DROPOUT).abs() < 0.25)
