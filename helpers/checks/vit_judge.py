"""Verdict on a Vision Transformer from what the probe saw: class token, positions, depth, head, dropout."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .messages import say
from .report import CheckReport, Ladder
from .run import close
from .vit import EXERCISE
from .vit_parts import SIZES, TOKENS, orthogonal

RUNS = "it runs and returns logits [B, num_classes] for any batch"
BATCH = "images of a batch and tokens do not leak into each other outside attention"
PATCHES = "every patch is projected in the same way"
CLS = "the head reads a learnable class token"
FIRST = "the class token comes first"
POS = "learnable positions tell the tokens apart, the class token included"
SLICE = "images with fewer patches than num_patches work"
DEPTH = "num_layers independent blocks act one after the other"
HEAD = "LayerNorm, then Linear, gives plain logits"
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
    """CheckReport from the observations of `vit.probe` on these inputs."""
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
    if seen.get("widenorm"):
        fail(BATCH, "normalizes_across_tokens")
    if seen.get("short.error") or not seen.get("short.fine"):
        fail(SLICE, "pos_not_sliced")
    elif not seen.get("wide.fine"):
        fail(SLICE, "unknown", detail="Images that are not square fail.")
    else:
        ok(SLICE)
    if "head.sum" not in seen:
        fail(RUNS, "raises", error=seen.get("watch.error", ""))
        return report()

    steady = close(seen["logits"], seen["logits.again"], 1e-4)
    mixing = _batch(seen, steady, fail, ok)
    softmax = _head(seen, steady, fail, ok)
    if not mixing and not softmax:
        _class_token_and_positions(seen, given, steady, fail, ok)
    if not softmax and not ladder.diagnoses:
        _patches(seen, fail, ok)
    if not seen.get("crowd.fine") and not ladder.diagnoses:
        fail(RUNS, "hardcoded_batch_size")
    _depth(seen, fail, ok)
    positions = any(code.startswith("pos_") for code, _ in ladder.diagnoses)
    _dropout(seen, steady, positions, fail, ok)
    return report()


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
    blind = not _pixels(seen).any()
    if seen["leak"] and blind or steady and not (
            close(seen["company"][:1], seen["logits"][:1]) and close(seen["alone"], seen["logits"][:1])):
        fail(BATCH, "attends_across_batch")
        return True
    if seen["batchnorm"]:
        fail(BATCH, "normalizes_across_tokens")
        fail(BATCH, "attends_across_batch")
        return True
    if steady and close(seen["train"], seen["logits"]) and not close(seen["train.company"][:1], seen["train"][:1]):
        fail(BATCH, "attends_across_batch")
        return True
    ok(BATCH)
    return False


def _head(seen, steady, fail, ok) -> bool:
    """Plain logits? True where a softmax hides what happens before it."""
    out = seen["logits"].double()
    if (out >= 0).all() and (out.sum(dim=1) - 1).abs().max() < 1e-4:
        fail(HEAD, "softmax_output")
        return True
    if out.logsumexp(dim=1).abs().max() < 1e-4:
        fail(HEAD, "log_softmax_output")
        return True
    return False


def _pixels(seen) -> torch.Tensor:
    """Which of one image's numbers reach the logits, [C, H, W]."""
    return (seen["pixels.grad"] != 0).any(dim=0)


def _different(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """For logits a [K, B, classes] against b [B, classes]: which of the K differ, [K]."""
    scale = b.abs().max().clamp_min(1.0)
    return ((a - b).abs().flatten(1).amax(1) > 1e-4 * scale)


def _class_token_and_positions(seen, given, steady, fail, ok) -> None:
    if not steady:  # something is drawn anew in every call
        if not seen["singles"]:
            fail(CLS, "cls_not_parameter")
        elif not seen["tables"]:
            fail(POS, "pos_not_parameter")
        else:
            fail(CLS, "unknown", detail="The output changes from call to call in eval mode.")
        return
    base = seen["on.base"]
    rows, tokens = seen.get("on.rows"), seen.get("on.tokens")
    rows_active = _different(rows, base) if rows is not None else torch.zeros(0, dtype=torch.bool)
    tokens_active = _different(tokens, base) if tokens is not None else torch.zeros(0, dtype=torch.bool)
    ordered = not close(seen["shuffled"], seen["logits"])
    place = {}  # single-token parameter -> row of the table that acts like it
    for k in torch.nonzero(tokens_active).flatten().tolist():
        for r in torch.nonzero(rows_active).flatten().tolist():
            if close(tokens[k], rows[r], 2e-4):
                place[k] = r
    twins = [k for k in torch.nonzero(tokens_active).flatten().tolist()
             if any(j != k and tokens_active[j] and close(tokens[k], tokens[j], 2e-4) for j in range(len(tokens)))]
    read = _different(seen["read.patches"], seen["read.base"])
    token_read = _different(seen["off.tokens"], seen["off.base"]) if "off.tokens" in seen else tokens_active
    has_token = bool(tokens_active.any())

    cls_fine = _class_token(seen, read, token_read, has_token, place, fail)
    if cls_fine:
        ok(CLS)
        ok(FIRST)

    # positions
    token_exists = has_token or not read.any()
    if not ordered:
        extra = int(tokens_active.sum()) - 1 if token_exists else int(tokens_active.sum())
        same = bool(rows_active.any()) or extra > 0 or (seen["tables"] == 0 and not has_token and seen["singles"] > 0)
        fail(POS, "pos_same_for_all_tokens" if same else "pos_missing")
    elif not rows_active.any() or not (seen["tables.grad"] > 0).all():
        fail(POS, "pos_not_parameter")
    elif token_exists and not place and not twins and int(rows_active.sum()) < TOKENS:
        fail(POS, "pos_before_cls")
    elif has_token and not place and not twins:
        fail(POS, "unknown", detail="The positions should be added to the tokens once, before the first block.")
    elif int(rows_active.sum()) < SIZES["num_patches"]:
        fail(POS, "pos_same_for_all_tokens")
    else:
        ok(POS)
    if cls_fine:
        placed = bool(place) or not rows_active.any() and not ordered
        _norm(seen, given, placed, fail, ok)


def _class_token(seen, read, token_read, has_token, place, fail) -> bool:
    """Which token does the head read once the blocks are off?"""
    if read.all():
        if "still.shuffled" in seen:  # the tokens are the table's rows: does their order matter?
            pooled = close(seen["still.shuffled"], seen["still"]) or (
                close(seen["still.tail"], seen["still"]) and not bool(token_read.any()))
        else:
            pooled = close(seen["read.shuffled"], seen["read.base"])
        if pooled or not has_token and not bool(token_read.any()):
            fail(CLS, "mean_pool")
            if not has_token:
                fail(CLS, "cls_missing")
        else:
            fail(BATCH, "normalizes_across_tokens")
        return False
    if read.any():
        if place and max(place.values()) == TOKENS - 1:
            fail(FIRST, "cls_appended_last")
        elif has_token:
            fail(CLS, "reads_wrong_token")
        else:
            fail(CLS, "cls_missing")
        return False
    trained = (seen["tokens.grad"] != 0).any(dim=1)
    alive = [k for k in range(len(token_read)) if token_read[k]] if has_token else []
    if not alive or not any(bool(trained[k]) for k in alive):
        fail(CLS, "cls_not_parameter")
        return False
    if place and 0 not in place.values():
        fail(FIRST, "cls_appended_last")
        return False
    return True


def _norm(seen, given, placed, fail, ok) -> None:
    """LayerNorm in front of the head bounds the logits, and makes them blind to the size of the class token.

    `placed`: the probe had the whole class token, its position included, in its hands."""
    bound = given["head"].norm(dim=1).max() * SIZES["embed_dim"] ** 0.5
    if seen["loud"].abs().max() > 1.05 * bound or (
            placed and not close(seen["off.scaled"], seen["off.base"], 2e-3)):
        fail(HEAD, "no_final_norm")
        return
    if not placed:
        ok(HEAD)
        return
    total = (seen["head.first"] + seen["head.second"]) / 2**0.5
    if not close(seen["head.sum"], total, 2e-3):
        fail(HEAD, "unknown", detail="Between the last LayerNorm and the logits there should be one Linear layer only.")
        return
    if not derived(seen, given):
        fail(HEAD, "unknown", detail="With blocks and patches switched off, the logits should be head(norm(class token + its position)).")
        return
    ok(HEAD)


def derived(seen, given) -> bool:
    """Whether logits and gradients are what secret class token, positions and head weights must give with the blocks off.

    What is summed up in the class token's place (rows of the table, single tokens) is read from which of them the logits
    answer to; then logits = LayerNorm(sum) head, for each of them nudged too, and its gradient follows.
    """
    base, weights = seen["off.base"].double(), given["head"].double().T
    parts = {"rows": given["places"], "tokens": given["tokens"]}
    used = {name: _different(seen[f"off.{name}"], seen["off.base"]) for name in parts if f"off.{name}" in seen}
    if not any(bool(mask.any()) for mask in used.values()):
        return False
    total = sum(parts[name][:len(mask)][mask].double().sum(dim=0) for name, mask in used.items()).requires_grad_(True)

    def logits(token):
        return (F.layer_norm(token, token.shape[-1:]) @ weights).expand_as(base)

    want = logits(total)
    slope = torch.autograd.grad((want * given["cotangent"].double()).sum(), total)[0]
    nudged = logits((total + given["delta"].double()).detach())
    fine = close(base, want.detach(), 2e-3)
    for name, mask in used.items():
        fine = fine and all(close(out, nudged, 2e-3) for out in seen[f"off.{name}"][mask])
        grads = seen[f"off.{name}.grad"][:len(mask)][mask]
        fine = fine and all(close(grad, slope, 2e-3) for grad in grads if grad.any())  # a fixed one has none
    alone = "rows" in used and bool(used["rows"].any())
    return fine and (not alone or all(close(seen[f"head.{name}"], logits(value.double()), 2e-3) for name, value in orthogonal().items()))


def _patches(seen, fail, ok) -> None:
    if not close(seen["unplaced"], seen["unplaced.shuffled"], 1e-3):
        fail(PATCHES, "unknown", detail="Without positions, the order of the patches should not matter: are the "
                                        "patches cut and projected one by one, without overlap?")
    elif not _pixels(seen).all():
        fail(PATCHES, "unknown", detail="Some pixels never reach the logits.")
    else:
        ok(PATCHES)


def _depth(seen, fail, ok) -> None:
    if "depth3.changed" not in seen:
        fail(DEPTH, "wrong_num_layers")
        return
    counts, unused = [], []
    for layers in (1, 2, 3):
        acts = (seen[f"depth{layers}.changed"] - seen[f"depth{layers}"]).abs().flatten(1).amax(1) > 1e-6
        counts.append(len(acts))
        unused.append(int((~acts).sum()))
    one, two, three = counts
    hidden = seen["depth.hidden"].tolist()
    block = two - one
    if block == 0 and three == one:
        matters = "depth.one" in seen and not torch.allclose(seen["depth.one"], seen["depth3"], atol=1e-4, rtol=1e-4)
        fail(DEPTH, "shared_blocks" if matters else "wrong_num_layers")
    elif three - two != block or (hidden[1] and hidden[0] != hidden[1] - hidden[0]):
        fail(DEPTH, "wrong_num_layers")
    elif unused[2] >= block > 0:
        fail(DEPTH, "wrong_num_layers")
    else:
        ok(DEPTH)


def _dropout(seen, steady, positions, fail, ok) -> None:
    if "dropout.tokens.again" not in seen:
        fail(DROP, "raises", error=seen.get("dropout.error", ""))
    elif not steady:
        return
    elif not close(seen["dropout.eval"], seen["dropout.eval.again"], 1e-4):
        fail(DROP, "unknown", detail="Dropout acts in eval mode as well.")
    elif close(seen["dropout.tokens"], seen["dropout.tokens.again"], 1e-5):
        if not positions or close(seen["dropout.train"], seen["dropout.train.again"], 1e-5):
            fail(DROP, "dropout_missing")  # else the patches alone get it, as they alone get positions
    else:
        ok(DROP)
