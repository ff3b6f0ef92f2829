"""Verdict on the tokens of a Vision Transformer: class token, positions, and what the head reads."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .run import close
from .vit_parts import SIZES, TOKENS, orthogonal

BATCH = "images of a batch and tokens do not leak into each other outside attention"
CLS = "the head reads a learnable class token"
FIRST = "the class token comes first"
POS = "learnable positions tell the tokens apart, the class token included"
HEAD = "LayerNorm, then Linear, gives plain logits"


def pixels(seen) -> torch.Tensor:
    """Which of one image's numbers reach the logits, [C, H, W]."""
    return (seen["pixels.grad"] != 0).any(dim=0)


def different(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """For logits a [K, B, classes] against b [B, classes]: which of the K differ, [K]."""
    scale = b.abs().max().clamp_min(1.0)
    return ((a - b).abs().flatten(1).amax(1) > 1e-4 * scale)


def class_token_and_positions(seen, given, steady, fail, ok) -> None:
    if not steady:  # something is drawn anew in every call
        if not seen["singles"] or not seen["tokens.grad"].any():
            fail(CLS, "cls_not_parameter")
        elif not seen["tables"] or not seen["tables.grad"].any():
            fail(POS, "pos_not_parameter")
        else:
            fail(CLS, "unknown", detail="The output changes from call to call in eval mode.")
        return
    base = seen["on.base"]
    rows, tokens = seen.get("on.rows"), seen.get("on.tokens")
    rows_active = different(rows, base) if rows is not None else torch.zeros(0, dtype=torch.bool)
    tokens_active = different(tokens, base) if tokens is not None else torch.zeros(0, dtype=torch.bool)
    ordered = not close(seen["shuffled"], seen["logits"])
    place = {}  # single-token parameter -> row of the table that acts like it
    for k in torch.nonzero(tokens_active).flatten().tolist():
        for r in torch.nonzero(rows_active).flatten().tolist():
            if close(tokens[k], rows[r], 2e-4):
                place[k] = r
    twins = [k for k in torch.nonzero(tokens_active).flatten().tolist()
             if any(j != k and tokens_active[j] and close(tokens[k], tokens[j], 2e-4) for j in range(len(tokens)))]
    read = different(seen["read.patches"], seen["read.base"])
    token_read = different(seen["off.tokens"], seen["off.base"]) if "off.tokens" in seen else tokens_active
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
    used = {name: different(seen[f"off.{name}"], seen["off.base"]) for name in parts if f"off.{name}" in seen}
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
