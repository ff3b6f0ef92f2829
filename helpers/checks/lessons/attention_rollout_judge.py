"""Verdict on `attention_rollout`: which input token reaches which output (Abnar and Zuidema 2020, section 3)."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import torch

from ..report import CheckReport
from ..run import close
from .attention_rollout import EXERCISE
from .results import cases
from .verdict import Steps, empty, explains

RUNS = "it runs and returns one tensor"
SHAPE = "one matrix an image: [B, T, T]"
LAYER = "one layer: heads averaged, half the identity added"
PRODUCT = "layers multiplied, the later one on the left"
ROWS = "rows sum to 1, even where those of the attention do not"
RUNGS = (RUNS, SHAPE, LAYER, PRODUCT, ROWS)


def layers(attention: torch.Tensor) -> torch.Tensor:
    """What each layer does to the tokens, [L, B, T, T]: half of it stays, half is mixed by the mean head."""
    mean = attention.double().mean(2)
    mixed = 0.5 * mean + 0.5 * torch.eye(mean.shape[-1], dtype=mean.dtype)
    return mixed / mixed.sum(-1, keepdim=True)


def product(steps) -> torch.Tensor:
    """Layers multiplied from first to last: each later one from the left."""
    return reduce(lambda below, step: step @ below, steps)


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    if report := empty(EXERCISE, RUNGS, seen, "deep"):
        return report
    if seen["deep.error"] or "deep" not in seen:
        return steps.stop(RUNS, "raises" if seen["deep.error"] else "wrong_shape", error=seen["deep.error"], got=f"a {seen['deep.type']}", want="a tensor")
    steps.rung(RUNS, True)
    given = {case: given[f"{case}.attention"] for case in cases(given)}
    got = {case: seen.get(case) for case in given}
    count, images, heads, tokens, _ = given["deep"].shape
    shape = tuple(got["deep"].shape)
    if shape != (images, tokens, tokens):
        code = ("batch_mixed" if shape in ((tokens, tokens), (1, tokens, tokens), (heads, tokens, tokens)) else
                "class_row_only" if shape in ((images, tokens), (images, tokens - 1), (images, 1, tokens)) else
                "heads_not_averaged" if shape == (images, heads, tokens, tokens) else "wrong_shape")
        return steps.stop(SHAPE, code, got=shape, want=(images, tokens, tokens))
    steps.rung(SHAPE, True)
    right = {case: got[case] is not None and close(got[case], product(layers(attention))) for case, attention in given.items()}
    wrong = [(code, lambda case, formula=formula: formula(given[case])) for code, formula in _mistakes()]
    known = {case: value for case, value in got.items() if case in ("deep", "wide")}
    code = None
    if not (right["deep"] and right["wide"]):
        code = explains(known, wrong)
        if code is None:
            sums = got["deep"].sum(-1)
            code = "unknown" if close(sums, torch.ones_like(sums), 1e-3) else "rows_not_normalised"
    error = seen.get("single.error", "")
    steps.ok(LAYER, right["single"], "raises" if error else code or "wrong_shape", error=error,
             got="no tensor" if got["single"] is None else tuple(got["single"].shape), want=(1, 4, 4), detail="A single layer gives another matrix than the target.")
    steps.ok(PRODUCT, right["deep"] and right["wide"] and right["two"], code or "unknown", detail="The product over the layers is not the target.")
    if right["deep"] and right["wide"]:
        loose = got["loose"]
        kept = loose is not None and loose.dim() == 3 and close(loose.sum(-1), torch.ones(loose.shape[:2], dtype=torch.float64))
        steps.ok(ROWS, right["loose"], "raises" if seen.get("loose.error") else "rows_not_normalised" if not kept else "normalised_elsewhere",
                 error=seen.get("loose.error", ""))
    report = steps.report(first=code)
    if not report.passed and picture and not right["deep"]:
        from .pictures import grids as draw

        pair = [product(layers(given["deep"]))[0].numpy(), got["deep"][0].numpy()]
        report = replace(report, picture=draw(("target", "yours"), pair, "Rollout of the first image: row = output token, column = input token"))
    return report


def _mistakes() -> list:
    """Wrong formulas by code: (code, function from attention [L, B, H, T, T] to [B, T, T])."""

    def one(rows):
        return rows / rows.sum(-1, keepdim=True)

    def eye(x):
        return torch.eye(x.shape[-1], dtype=x.dtype)

    def fused(how):
        return lambda a: product(one(0.5 * how(a.double()) + 0.5 * eye(a.double())))

    def mixed(share, rest, normalise=True):
        def formula(a):
            rows = share * a.double().mean(2) + rest * eye(a.double())
            return product(one(rows) if normalise else rows)
        return formula

    def columns(a):
        rows = a.double().mean(2) + eye(a.double())
        return product(rows / rows.sum(-2, keepdim=True))

    plain = [
        ("wrong_order", lambda a: product(reversed(list(layers(a))))),
        ("residual_missing", lambda a: product(a.double().mean(2))),
        ("residual_missing", lambda a: product(reversed(list(a.double().mean(2))))),
        *(("heads_not_averaged", fused(how)) for how in (
            lambda a: a.sum(2), lambda a: a.amax(2), lambda a: a.amin(2), lambda a: a[:, :, 0], lambda a: a[:, :, -1], lambda a: a.median(2).values)),
        ("heads_not_averaged", lambda a: product(0.5 * a.double().sum(2) + 0.5 * eye(a.double()))),
        ("last_layer_only", lambda a: layers(a)[-1]), ("last_layer_only", lambda a: layers(a)[0]),
        ("last_layer_only", lambda a: a.double().mean(2)[-1]), ("last_layer_only", lambda a: a.double().mean(2)[0]),
        ("layers_averaged", lambda a: layers(a).mean(0)), ("layers_averaged", lambda a: layers(a).sum(0)),
        ("layers_averaged", lambda a: one(layers(a).sum(0))), ("layers_averaged", lambda a: a.double().mean((0, 2))),
        ("elementwise_product", lambda a: layers(a).prod(0)), ("elementwise_product", lambda a: one(layers(a).prod(0))),
        ("rows_not_normalised", mixed(1, 1, False)), ("rows_not_normalised", mixed(0.5, 1, False)), ("rows_not_normalised", mixed(1, 0.5, False)),
        ("rows_not_normalised", columns), ("rows_not_normalised", lambda a: product((a.double().mean(2) + eye(a.double())) / a.shape[-1])),
        *(("residual_wrong", mixed(share, rest)) for share, rest in ((0.5, 1), (1, 0.5), (0.9, 0.1), (0.1, 0.9), (2, 1), (1, 2))),
        ("batch_mixed", lambda a: product(layers(a)).mean(0, keepdim=True).expand(a.shape[1], -1, -1)),
        ("batch_mixed", lambda a: product(layers(a))[:1].expand(a.shape[1], -1, -1)),
        ("batch_mixed", lambda a: product(layers(a.mean(1, keepdim=True))).expand(a.shape[1], -1, -1)),
    ]
    turned = [("transposed", lambda a: product(layers(a)).transpose(-1, -2)),
              ("transposed", lambda a: product(layers(a.transpose(-1, -2)))), ("transposed", lambda a: product(layers(a.transpose(-1, -2))).transpose(-1, -2))]
    return plain + turned
