"""Verdict on the attention of a block: who sees whom, the scale of the scores, the heads, and the LayerNorm in front."""

from __future__ import annotations

import itertools

import torch
from torch.nn import functional as F

from .attention import cotangent
from .attention_forms import invariant, learns, mix, rank_one
from .run import close

ATTENTION = "attention: every token sees every token, scale 1/sqrt(D / num_heads)"
NORM1 = "attention gets LayerNorm(x)"


def self_attention(seen, given, plain, alone, ladder, fail, unknown) -> None:
    """Rungs ATTENTION and NORM1, from closed forms where matrices are stripes; plain: skips are right; alone: images do not mix."""
    dim, heads = given["dim"], given["heads"]
    size = dim / heads
    reach = (seen["changed"] - seen["full"][:1]).abs().amax(-1) > 1e-5  # [changed token, seeing token]
    tokens = reach.shape[0]
    off = ~torch.eye(tokens, dtype=torch.bool)
    upper = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    if alone and (reach[off].any() and (not reach[upper.T].any() or not reach[upper].any()) or _causal_in_training(seen)):
        fail(ATTENTION, "causal_mask")
        ladder.held.setdefault(NORM1, invariant(seen, given, "attention"))
        return
    ignored = seen.get("heads.difference", 1.0) < 1e-6
    x = given["small"].double()
    stripe = given["stripe"].double()
    levels = {"normed": F.layer_norm(x, (dim,)) @ stripe, "raw": x @ stripe}
    strengths = {"right": size**0.5, "one head": dim**0.5, "one head, scaled by a part": dim / size**0.5,
                 "no scale": size, "scaled by sqrt(D)": size / dim**0.5, "scaled by D/heads": 1.0,
                 "scaled by D": size / dim,
                 "scaled by sqrt(heads)": size / heads**0.5}
    found = None
    if plain and alone:
        for name in ("attention", "attention.last"):
            out = seen.get(f"stripes.{name}")
            if out is None or found:
                continue
            for (label, strength), combo in itertools.product(
                    strengths.items(), itertools.product(("normed", "raw"), repeat=3)):
                level = mix(*(levels[c] for c in combo), strength)
                g = rank_one(out, level)
                if g is not None:
                    found = (label, combo, g, name)
                    break
    blind = invariant(seen, given, "attention")
    equivariant = close(seen["shuffled"], seen["full"][:, given["order"]], 1e-3)
    if ignored:
        fail(ATTENTION, "heads_ignored")
    if found:
        label, combo, g, name = found
        if label.startswith("one head"):
            if not ignored:
                fail(ATTENTION, "heads_ignored")
        elif label != "right":
            unknown(ATTENTION, f"The attention scores are off ({label}): divide by sqrt(D / num_heads).")
        elif not equivariant and alone:
            unknown(ATTENTION, "Shuffling the tokens should shuffle the output and nothing else. Check how heads are "
                               "split and merged: [B, T, heads, d] needs a transpose before and after.")
        elif int((seen["attention.grads"] != 0).sum()) < 4 * dim * dim:
            unknown(ATTENTION, "Queries, keys, values and the output projection each need weights of their own, [D, D] in all heads "
                               "together, and a gradient for all of them: no .detach(), no torch.no_grad(), nothing frozen.")
        elif g.sum() < 0:
            unknown(ATTENTION, "The result of attention is subtracted: add it to x.")
        elif torch.allclose(g, torch.ones_like(g), atol=1e-3):
            unknown(ATTENTION, "There is no output projection after the heads are joined.")
        elif not ignored and _one_mixture(seen["heads.mix"]):
            unknown(ATTENTION, "All heads mix the tokens in the same proportions. Each head has attention weights of its own, and uses them on its own values.")
        elif not ignored and _alike(seen["attention.grads"]) > dim * dim / 4:
            unknown(ATTENTION, "The heads share their queries, keys or values, as an average over the heads does. Each head uses its own part of them.")
        elif combo == ("normed",) * 3 and not learns(seen[f"slope.{name}"], cotangent(given), x, 2e-3, _closed, given, g):
            unknown(ATTENTION, "The gradient is cut between x and attention, so that the LayerNorm in front does not learn as it should: "
                               "no .detach(), no torch.no_grad() there.")
        elif not ignored:
            ladder.rung(ATTENTION, True)
        if combo == ("normed",) * 3:
            level = F.layer_norm(x, (dim,)) * given["scale"].double() @ stripe
            ways = [mix(*[levels["normed"]] * 3, strengths[label]), mix(*[level] * 3, strengths[label])]
            if all(any(rank_one(out, way) is not None for way in ways) for out in seen[f"scaled.{name}"]):
                ladder.rung(NORM1, True)
            else:
                unknown(NORM1, "Something stands between the first LayerNorm and attention, such as a second LayerNorm: attention gets norm1(x) as it is.")
        elif combo == ("normed", "raw", "raw"):
            fail(NORM1, "norm_query_only")
        elif combo == ("raw",) * 3:
            fail(NORM1, "missing_attention_norm")
        else:
            unknown(NORM1, "Query, key and value should all come from the same LayerNorm(x).")
        return
    if not (plain and alone):  # another rung already says what is wrong
        ladder.held.setdefault(ATTENTION, False)
        ladder.held.setdefault(NORM1, blind)
        return
    detail = "Attention does not mix the tokens as softmax(q k / sqrt(D / num_heads)) v followed by a projection."
    if not reach[off].any():
        detail = "Tokens do not see each other: there is no attention among the tokens of an image."
    elif not equivariant:
        detail = ("Shuffling the tokens should shuffle the output and nothing else. Check how heads are split and "
                  "merged: [B, T, heads, d] needs a transpose before and after.")
    if not blind:
        fail(NORM1, "missing_attention_norm")
    else:
        ladder.rung(NORM1, True)
    if not ignored:
        unknown(ATTENTION, detail)


def _causal_in_training(seen) -> bool:
    """Whether in train mode the first token is seen by others and the last is not."""
    if seen["train.ends"].shape != seen["changed"][:2].shape or seen["train"].shape[1:] != seen["full"].shape:
        return False
    first, last = (seen["train.ends"] - seen["train"][0, :1]).abs().amax(-1) > 1e-5
    return bool(first[1:].any() and not last[:-1].any())


def _closed(tokens: torch.Tensor, given: dict, g: torch.Tensor) -> torch.Tensor:
    """What right attention with matrices of stripes adds to the tokens."""
    level = F.layer_norm(tokens, (given["dim"],)) @ given["stripe"].double()
    return mix(level, level, level, (given["dim"] / given["heads"]) ** 0.5)[..., None] * g


def _alike(grads: torch.Tensor) -> int:
    """How many weights get the gradient of another one: where heads share keys or values, the same weights of each head do."""
    values = grads[grads != 0].double().sort().values
    return int((values.diff() < 1e-5 * values[1:].abs()).sum())


def _one_mixture(mixes: torch.Tensor) -> bool:
    """Whether pairs of tokens mixed in several ways [pairs, ways, D] lie on one line each, as where all heads share their weights; else heads bend some."""
    first, second, *_ = torch.linalg.svdvals((mixes - mixes.mean(dim=1, keepdim=True)).double()).amax(dim=0)
    return bool(second < 1e-4 * first)
