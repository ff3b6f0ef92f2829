"""Verdict on `vit_cost`: tokens, parameters and multiply-accumulates of the course's VisionTransformer.

Its parameters: projection C*p*p*D, class token D, positions T*D; in every block two LayerNorms with scale and shift 4*D,
q, k and v 3*(D*D + D), output projection D*D + D, MLP 2*D*F + F + D; last LayerNorm 2*D, head D*K + K. A bias of the
projection (+D) is as right as none, so is leaving the biases of q, k and v out (-3*D a block).
"""

from __future__ import annotations

from ..report import CheckReport
from .results import cases
from .verdict import Steps, empty
from .vit_cost import COUNTS, EXERCISE, SIZES

RUNS = "it runs and returns a dict with the three counts"
TOKENS = "tokens: one a patch, and the class token"
PARAMETERS = "parameters: every number that the model learns"
MACS = "forward_macs: every matrix product of one image"
RUNGS = (RUNS, TOKENS, PARAMETERS, MACS)


class Parts:
    """The parts of both counts for one set of sizes."""

    def __init__(self, image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
        self.side = image_size // patch_size
        self.patches = self.side**2
        self.tokens = 1 + self.patches
        d, f, k, t = embed_dim, hidden_dim, num_classes, self.tokens
        self.channels, self.width, self.layers = num_channels, d, num_layers
        self.pixels = num_channels * patch_size**2
        self.learnt = {"projection": self.pixels * d, "positions": t * d, "class_token": d, "qkv": 3 * d * d, "qkv_bias": 3 * d, "out": d * d,
                       "out_bias": d, "mlp": 2 * d * f, "mlp_bias": f + d, "norms": 4 * d, "norm": 2 * d, "head": d * k, "head_bias": k}
        self.products = {"projection": self.patches * self.pixels * d, "qkv": 3 * t * d * d, "scores": t * t * d, "mix": t * t * d,
                         "out": t * d * d, "mlp": 2 * t * d * f, "head": d * k}

    IN_BLOCK = ("qkv", "qkv_bias", "out", "out_bias", "mlp", "mlp_bias", "norms", "scores", "mix")

    def total(self, counts: dict) -> int:
        """Sum of a count's parts, those of a block times the number of blocks."""
        return sum(value * (self.layers if name in self.IN_BLOCK else 1) for name, value in counts.items())

    def rights(self) -> list[int]:
        """The right numbers of parameters: with or without biases of the projection and of q, k and v."""
        plain = self.total(self.learnt)
        return [plain + extra for extra in (0, self.width, -3 * self.width * self.layers, self.width - 3 * self.width * self.layers)]


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, names[0]):
        return report
    for case in names:
        if seen[f"{case}.error"]:
            return steps.stop(RUNS, "raises", error=seen[f"{case}.error"])
    missing = [key for key in COUNTS if any(f"{case}.{key}" not in seen for case in names)]
    if missing:
        there = all(seen.get(f"{names[0]}.{key}.there", False) for key in COUNTS)
        return steps.stop(RUNS, "wrong_shape" if there else "missing_keys", missing=", ".join(missing), got="no number", want="one whole number a key")
    steps.rung(RUNS, True)
    parts = [Parts(*(given[f"{case}.{name}"] for name in SIZES)) for case in names]
    tokens, learnt, macs = ([seen[f"{case}.{key}"] for case in names] for key in COUNTS)
    if tokens != [part.tokens for part in parts]:
        code = ("class_token_forgotten" if tokens == [part.patches for part in parts] else
                "grid_not_squared" if tokens in ([part.side + extra for part in parts] for extra in (0, 1)) else "unknown")
        steps.fail(TOKENS, code, detail="tokens is the number of patches plus 1.")
    else:
        steps.rung(TOKENS, True)
    conventions = list(zip(*(part.rights() for part in parts)))
    right = any(all(a == b for a, b in zip(learnt, convention)) for convention in conventions)
    code = _forgotten(parts, learnt, conventions, tokens == [part.patches for part in parts])
    if not steps.ok(PARAMETERS, right, code, detail="The number of parameters is not that of the VisionTransformer.") and code == "norms_forgotten" and any(
            learnt == [one - 2 * part.width for one, part in zip(convention, parts)] for convention in map(list, conventions)):
        steps.fail(PARAMETERS, "class_token_forgotten")  # the same number: one LayerNorm, or the class token and its position
    steps.ok(MACS, macs == [part.total(part.products) for part in parts], _wrong_products(parts, macs),
             detail="forward_macs is not the number of multiply-accumulates of one image.")
    return steps.report(first=steps.diagnoses[0][0] if steps.diagnoses else None)


def _forgotten(parts: list[Parts], got: list[float], conventions, counted_patches: bool) -> str:
    """The code of what is missing in a wrong number of parameters; counted_patches: the class token was no token.

    2*D may be the class token with its position or the last LayerNorm.
    """
    double = ("class_token_forgotten", [2 * part.width for part in parts])

    def less(*names):
        return [sum(part.learnt[name] * (part.layers if name in part.IN_BLOCK else 1) for name in names) for part in parts]

    def half(name, share):
        return [part.learnt[name] * share * (part.layers if name in part.IN_BLOCK else 1) for part in parts]

    missing = [
        ("class_token_forgotten", less("class_token")), *([double] if counted_patches else []),
        ("positions_forgotten", less("positions")), ("positions_forgotten", less("positions", "class_token")),
        ("positions_forgotten", [part.patches * part.width for part in parts]),
        ("norms_forgotten", less("norms", "norm")), ("norms_forgotten", less("norms")), ("norms_forgotten", less("norm")),
        ("norms_forgotten", half("norms", 0.5)), ("norms_forgotten", [a + b for a, b in zip(half("norms", 0.5), less("norm"))]),
        ("norms_forgotten", [a + b for a, b in zip(half("norms", 0.5), half("norm", 0.5))]),
        *(("biases_forgotten", less(*names)) for names in (("out_bias",), ("mlp_bias",), ("head_bias",), ("out_bias", "mlp_bias"),
                                                           ("mlp_bias", "head_bias"), ("out_bias", "head_bias"), ("out_bias", "mlp_bias", "head_bias"))),
        *(("biases_forgotten", [part.layers * one for part, one in zip(parts, ones)])
          for ones in ([p.width for p in parts], [p.learnt["mlp_bias"] - p.width for p in parts])),
        ("head_forgotten", less("head", "head_bias")), ("head_forgotten", less("head")), ("head_forgotten", less("head", "head_bias", "norm")),
        ("projection_forgotten", less("projection")), ("projection_forgotten", [a - part.width for a, part in zip(less("projection"), parts)]),
        ("output_projection_forgotten", less("out", "out_bias")), ("output_projection_forgotten", less("out")),
        ("mlp_counted_once", half("mlp", 0.5)), ("mlp_counted_once", [a + part.layers * part.width for a, part in zip(half("mlp", 0.5), parts)]),
        ("mlp_counted_once", [a + part.layers * (part.learnt["mlp_bias"] - part.width) for a, part in zip(half("mlp", 0.5), parts)]),
        ("qkv_counted_once", half("qkv", 2 / 3)), ("qkv_counted_once", [a + b for a, b in zip(half("qkv", 2 / 3), half("qkv_bias", 2 / 3))]),
        ("channels_forgotten", [part.learnt["projection"] * (1 - 1 / part.channels) for part in parts]),
        ("layers_ignored", [_block(part, part.learnt) * (part.layers - 1) for part in parts]),
        ("layers_ignored", [(part.layers - 1) * (_block(part, part.learnt) - part.learnt["qkv_bias"]) for part in parts]),
        ("layers_ignored", [-(part.layers - 1) * (part.total(part.learnt) - part.layers * _block(part, part.learnt)) for part in parts]),
    ]
    for code, amounts in missing:
        for convention in conventions:
            if all(abs(a - (b - c)) < 0.5 for a, b, c in zip(got, convention, amounts)):
                return code
    return "unknown"


def _block(part: Parts, counts: dict) -> int:
    return sum(value for name, value in counts.items() if name in part.IN_BLOCK)


def _wrong_products(parts: list[Parts], got: list[float]) -> str:
    """The code of the mistake that gives this number of multiply-accumulates."""

    def but(**changed):
        return lambda part: part.total({**part.products, **{name: change(part, part.products[name]) for name, change in changed.items()}})

    def none(part, value):
        return 0

    def fewer(part):  # all products for N instead of N + 1 tokens
        n, t = part.patches, part.tokens
        return part.total({name: value if name in ("projection", "head") else value * (n / t) ** (2 if name in ("scores", "mix") else 1)
                           for name, value in part.products.items()})

    wrong = [
        ("flops_not_macs", lambda part: 2 * part.total(part.products)),
        ("class_token_forgotten", fewer),
        ("attention_products_forgotten", but(scores=none, mix=none)), ("attention_products_forgotten", but(scores=none)),
        ("output_projection_forgotten", but(out=none)), ("head_forgotten", but(head=none)), ("projection_forgotten", but(projection=none)),
        ("mlp_counted_once", but(mlp=lambda part, value: value / 2)), ("qkv_counted_once", but(qkv=lambda part, value: value / 3)),
        ("class_token_projected", but(projection=lambda part, value: value / part.patches * part.tokens)),
        ("head_on_all_tokens", but(head=lambda part, value: value * part.tokens)), ("head_on_all_tokens", but(head=lambda part, value: value * part.patches)),
        ("channels_forgotten", but(projection=lambda part, value: value / part.channels)),
        ("layers_ignored", lambda part: part.total(part.products) - (part.layers - 1) * _block(part, part.products)),
        ("layers_ignored", lambda part: part.layers * (part.products["projection"] + part.products["head"] + _block(part, part.products))),
        ("class_token_forgotten", lambda part: fewer(part) + part.products["head"] * (part.patches - 1)),
        ("flops_not_macs", lambda part: 2 * fewer(part)),
    ]
    for code, formula in wrong:
        if all(abs(value - formula(part)) < 0.5 for value, part in zip(got, parts)):
            return code
    return "unknown"
