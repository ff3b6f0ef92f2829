"""Verdict on an attention block from what the probe saw: which property fails, and which mistake explains it."""

from __future__ import annotations

import itertools

import torch
from torch.nn import functional as F

from .attention import DROPOUT, EXERCISE, cotangent
from .attention_forms import ACTIVATIONS, invariant, learns, normalised, rank_one
from .attention_mix_judge import ATTENTION, NORM1, self_attention
from .messages import say
from .report import CheckReport, Ladder
from .run import close

RUNS = "it runs and returns one tensor [B, T, D]"
REGISTERED = "all layers are registered"
BATCH = "images of a batch do not see each other"
RESIDUAL = "both sub-layers add their result to x"
NORM2 = "the MLP gets LayerNorm of the result of the attention step"
MLP = "the MLP is Linear to hidden_dim, GELU, Linear back"
NORMS = "two LayerNorms of their own"
DROP = "dropout acts in the MLP, in train mode only"
RUNGS = (RUNS, REGISTERED, BATCH, RESIDUAL, ATTENTION, NORM1, NORM2, MLP, NORMS, DROP)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """CheckReport from the observations of `attention.probe` on these inputs."""
    ladder = Ladder(EXERCISE, RUNGS)

    def fail(claim, code, **facts):
        ladder.rung(claim, False, code, say(EXERCISE, code, **facts))

    def unknown(claim, detail):
        fail(claim, "unknown", detail=detail)

    findings = ("builtin_layer",) if seen.get("builtin") else ()
    early = _runs(seen, given, ladder, fail)
    if early is not None:
        return early

    if "alone" in seen and seen["alone"].shape != given["x"][:1].shape:
        fail(RUNS, "wrong_shape", got=tuple(seen["alone"].shape), want=(1, *given["x"].shape[1:]))
        return ladder.report(findings=findings)
    stable = close(seen["full"], seen["full.again"], 1e-5) if "full" in seen else True
    _registered(seen, stable, ladder, fail)
    if "stripes.mlp" not in seen or "train.company" not in seen:
        fail(RUNS, "raises", error=seen.get("behaviour.error", ""))
        return ladder.report(findings=findings)

    alone = _batch(seen, ladder, fail)
    plain = _residual(seen, given, ladder, fail, unknown)
    if not seen["hidden.used"]:  # without the MLP's matrices the branches cannot be told apart
        if not ladder.diagnoses:
            fail(MLP, "wrong_hidden_dim")
        return ladder.report(findings=findings)
    self_attention(seen, given, plain, alone, ladder, fail, unknown)
    _mlp(seen, given, plain, ladder, fail, unknown)
    _order(seen, given, plain and alone, ladder, fail, unknown)
    _norms(seen, plain, ladder, fail, unknown)
    _dropout(seen, given, stable, plain, ladder, fail, unknown)
    return ladder.report(findings=findings)


def _runs(seen, given, ladder, fail) -> CheckReport | None:
    def untouched():
        return CheckReport(EXERCISE, False, 0.0, ("not_implemented",), (say(EXERCISE, "not_implemented"),),
                           rungs=tuple((claim, False) for claim in RUNGS))

    for step in ("build", "call"):
        error = seen.get(f"{step}.error", "")
        if error.startswith("NotImplementedError"):
            return untouched()
        if error:
            fail(RUNS, "raises", error=error)
            if "tuple" in error and step == "call":
                fail(RUNS, "returns_tuple")
            return ladder.report()
    if not seen.get("module") or seen.get("call.type") in ("NoneType", "ellipsis"):
        return untouched()
    if seen.get("call.type") != "tensor":
        fail(RUNS, "returns_tuple" if "tuple.shape" in seen else "wrong_shape",
             got=f"a {seen['call.type']}", want=tuple(given["x"].shape))
        return ladder.report()
    if seen["call"].shape != given["x"].shape:
        fail(RUNS, "wrong_shape", got=tuple(seen["call"].shape), want=tuple(given["x"].shape))
        return ladder.report()
    ladder.rung(RUNS, True)
    return None


def _registered(seen, stable: bool, ladder, fail) -> None:
    missing = seen["attention.matrices"] == 0 or seen["mlp.matrices"] == 0
    if seen["unregistered"] or (missing and not stable):
        fail(REGISTERED, "unregistered_layers")
    else:
        ladder.rung(REGISTERED, True)


def _batch(seen, ladder, fail) -> bool:
    alone = close(seen["company"][:1], seen["full"][:1]) and close(seen["alone"], seen["full"][:1])
    steady = close(seen["train"], seen["train"][:1].expand_as(seen["train"]), 1e-5)
    in_train = close(seen["train.company"][:1], seen["train"][0, :1])
    if seen["batchnorm"] or (alone and steady and not in_train):
        fail(BATCH, "batch_norm")
    elif not alone and close(seen["full"], seen["full.again"], 1e-5):
        fail(BATCH, "attends_across_batch")
    else:
        ladder.rung(BATCH, True)
    return alone


def _residual(seen, given, ladder, fail, unknown) -> bool:
    """With both branches off a right block returns x."""
    x = given["x"]
    none, normed = seen["none"], F.layer_norm(x, x.shape[-1:])
    if close(none, x):
        a, m = seen["attention"] - x, seen["mlp"] - x
        if a.abs().max() > 1e-3 and normalised(a) or m.abs().max() > 1e-3 and normalised(m):
            fail(RESIDUAL, "post_norm")
            return False
        if close(seen["attention"], x) and not close(seen["full"], seen["mlp"]):
            unknown(RESIDUAL, "With the MLP switched off, the result of attention is lost: the second skip must carry x + attention(norm1(x)), and it carries the block's input.")
            return False
        if close(seen.get("none.grad"), cotangent(given)):
            ladder.rung(RESIDUAL, True)
        else:
            unknown(RESIDUAL, "The skip connections carry x, and no gradient: add x itself, not x.detach() and no copy of it.")
        return True
    constant = {name: close(seen[name], seen[f"{name}.other"]) for name in ("none", "attention", "mlp")}
    if constant["none"]:
        if constant["mlp"]:
            fail(RESIDUAL, "missing_attention_residual")
        if constant["attention"]:
            fail(RESIDUAL, "missing_mlp_residual")
        if not (constant["mlp"] or constant["attention"]):
            unknown(RESIDUAL, "With attention and MLP switched off, the block should return x.")
    elif close(none, normed, 1e-3):
        after_attention = normalised(seen["attention"]) and not close(
            seen["attention"], seen["attention.shifted"], 1e-3)
        post = normalised(seen["full"]) or after_attention
        fail(RESIDUAL, "post_norm" if post else "residual_from_normed")
    elif seen["unregistered"]:
        ladder.held[RESIDUAL] = False
    else:
        unknown(RESIDUAL, "With attention and MLP switched off, the block should return x, and it does not.")
    return False


def _mlp(seen, given, plain, ladder, fail, unknown) -> None:
    used = seen["hidden.used"]
    if not plain:
        ladder.held.setdefault(NORM2, False)
        ladder.held.setdefault(MLP, False)
        if not seen["unregistered"] and used not in (0, given["hidden"]):
            fail(MLP, "wrong_hidden_dim")
        return
    if used != given["hidden"]:
        if seen["mlp.matrices"] == 0 and (seen["unregistered"] or not close(seen["full"], seen["full.again"], 1e-5)):
            ladder.held[MLP] = ladder.held[NORM2] = False
            return
        fail(MLP, "wrong_hidden_dim")
        if not used:
            ladder.held[NORM2] = False
            return
    x, stripe = given["small"].double(), given["stripe"].double()
    levels = {"normed": F.layer_norm(x, (given["dim"],)) @ stripe, "raw": x @ stripe}
    for (name, activation), source in itertools.product(ACTIVATIONS.items(), levels):
        g = rank_one(seen["stripes.mlp"], activation(levels[source]))
        if g is None:
            continue
        ways = [activation(F.layer_norm(x, (given["dim"],)) * scale @ stripe) for scale in (1.0, given["scale"].double())]
        if source == "raw":
            fail(NORM2, "missing_mlp_norm")
        elif not all(any(rank_one(out, way) is not None for way in ways) for out in seen["scaled.mlp"]):
            unknown(NORM2, "Something stands between the second LayerNorm and the MLP, such as another LayerNorm: the MLP gets norm2(x) as it is.")
        else:
            ladder.rung(NORM2, True)
        if name == "relu":
            fail(MLP, "relu_instead_of_gelu")
        elif name == "none":
            fail(MLP, "no_activation")
        elif not close(g / max(used, 1), stripe, 5e-3):
            unknown(MLP, "After the second Linear nothing but dropout should follow.")
        elif int((seen["mlp.grads"] != 0).sum()) < 1.5 * given["dim"] * used:
            unknown(MLP, "The MLP needs two Linear layers, each with weights of its own, and a gradient for both: no .detach(), no torch.no_grad().")
        elif source == "normed" and not learns(seen["slope.mlp"], cotangent(given), x, 2e-2, _closed, given, activation, g):  # the two forms of GELU differ by a tenth of that
            unknown(MLP, "The gradient is cut between x and the MLP, so that the LayerNorm in front does not learn as it should: "
                         "no .detach(), no torch.no_grad() there.")
        elif used == given["hidden"]:
            ladder.rung(MLP, True)
        return
    if invariant(seen, given, "mlp"):
        ladder.rung(NORM2, True)
    else:
        fail(NORM2, "missing_mlp_norm")
    unknown(MLP, "The activation between the two Linear layers is not GELU, or there are more layers than two.")


def _closed(tokens: torch.Tensor, given: dict, activation, g: torch.Tensor) -> torch.Tensor:
    """What a right MLP with matrices of stripes adds to the tokens."""
    return activation(F.layer_norm(tokens, (given["dim"],)) @ given["stripe"].double())[..., None] * g


def _order(seen, given, plain, ladder, fail, unknown) -> None:
    """Attention first, the MLP on its result: the whole equals one branch after the other."""
    if not plain or close(seen["full"], seen["composed"], 1e-3):
        return
    x = given["x"]
    if close(seen["full"], seen["attention"] + seen["mlp"] - x, 1e-3):
        fail(NORM2, "parallel_branches")
    elif close(seen["full"], seen["swapped"], 1e-3):
        unknown(NORM2, "The MLP comes before attention: attention goes first.")
    elif not ladder.diagnoses:
        unknown(NORM2, "The MLP should work on the result of the attention step, x + attention(norm(x)).")


def _norms(seen, plain, ladder, fail, unknown) -> None:
    moved = [(seen[f"scales.{name}"] - seen[name]).abs().flatten(1).amax(1) > 1e-4 for name in ("attention", "mlp") if len(seen[f"scales.{name}"])]
    shared = len(moved) == 2 and bool((moved[0] & moved[1]).any())
    if shared and plain:
        fail(NORMS, "shared_norm")
    elif plain and moved and bool((torch.stack(moved).any(dim=0) & ~seen["scales.grads"]).any()):
        unknown(NORMS, "The scale of a LayerNorm acts and gets no gradient, so it never learns: no .data, no .detach(), no torch.no_grad().")
    else:
        ladder.held[NORMS] = not shared


def _dropout(seen, given, stable, plain, ladder, fail, unknown) -> None:
    if "dropout.masked" not in seen:
        fail(DROP, "raises", error=seen.get("dropout.error", ""))
        return
    if not stable or not close(seen["dropout.eval"], seen["dropout.eval.again"], 1e-5):
        if seen["attention.matrices"] and seen["mlp.matrices"] and not seen["unregistered"]:
            fail(DROP, "dropout_always_on")
        else:
            ladder.held[DROP] = False
        return
    if not close(seen["train"], seen["full"].expand_as(seen["train"]), 1e-3) and not seen["batchnorm"]:
        unknown(DROP, "With dropout=0.0 the block should do in train mode what it does in eval mode, every time. If something is "
                      "dropped, use the dropout argument as its rate.")
        return
    if close(seen["dropout.train"], seen["dropout.train.again"], 1e-5):
        fail(DROP, "dropout_missing", detail="Nothing is dropped in train mode. Use the dropout argument: after GELU, "
                                             "and after the second Linear.")
        return
    if not plain:  # without a clean skip path the MLP's own output cannot be told apart
        ladder.held.setdefault(DROP, True)
        return
    whole, masked = seen["dropout.plain"].double(), seen["dropout.masked"].double()
    level = F.layer_norm(given["dropped"].double(), (given["dim"],)) @ given["stripe"].double()
    known = [(activation(level) * given["hidden"])[..., None] * given["stripe"].double() for activation in ACTIVATIONS.values()]
    if not any(close(whole, out, 5e-3) for out in known):
        if ladder.held.get(MLP):
            unknown(DROP, "In eval mode the block with dropout=0.5 should give what the one without dropout gives.")
        ladder.held.setdefault(DROP, True)  # where the MLP itself is wrong, what its dropout does cannot be told
        return
    zero = masked.abs() < 1e-6
    rate = zero.double().mean().item()
    kept = (masked / whole)[~zero] * (1 - DROPOUT)
    spread, centre = kept.std().item() if kept.numel() > 1 else 0.0, kept.mean().item() if kept.numel() else 0.0
    wanted = (DROPOUT / (1 - DROPOUT) / max(seen["hidden.used"], 1)) ** 0.5
    if rate < 0.02 or spread < 0.02:
        where = "after GELU" if rate >= 0.02 else "after the second Linear" if spread >= 0.02 else "in the MLP"
        fail(DROP, "dropout_missing", detail=f"No dropout acts {where}. The MLP has two: after GELU, and after the "
                                             f"second Linear.")
    elif abs(rate - DROPOUT) > 0.1 or not 0.6 * wanted < spread < 1.6 * wanted or abs(centre - 1) > 0.1:
        unknown(DROP, "Dropout acts at another rate or place than asked: after GELU and after the second Linear, "
                      "both with the dropout argument as their rate.")
    else:
        ladder.rung(DROP, True)
