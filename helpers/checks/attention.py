"""Check of `AttentionBlock`, the Pre-LN block (Xiong et al. 2020, figure 1b): what the student's block does.

Nothing here depends on names, random-number order or initialisation: the probe sets the parameters itself,
switches one branch off at a time, and watches the outputs.

What a right block is measured by are its outputs for secret tokens and secret parameters: the judge knows them in closed
form where matrices are stripes (attention, MLP, their gradients, dropout), and as relations between outputs elsewhere. The
probe's own counts and sizes (module, unregistered, batchnorm, builtin, hidden.used, *.matrices, scales.grads, heads.difference,
error lines) only ever name a mistake or make a verdict worse; none of them turns a fail into a pass.
"""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import nn

from .. import standins
from .roles import Roles, unregistered
from .run import attempt, generator, tensor
from .run import tensor_of as run

EXERCISE = "attention_block"
DROPOUT = 0.5
RATIOS = ((1, 1), (1, 2), (1, 4), (1, 8), (2, 1), (4, 1), (8, 1))
FEW, MANY = 6, 100  # calls in train mode; many where they draw random numbers: a branch left out in one call of ten is left out in one of them


def inputs(seed: int) -> dict:
    """Sizes and tokens of the probes. No two of B, T, D, hidden, heads, D/heads are alike, and
    hidden is no multiple of D, so that a dimension tells what it belongs to."""
    g = generator(seed, EXERCISE)
    dim, heads, hidden = [(12, 3, 20), (16, 2, 28), (24, 4, 44), (12, 2, 28)][
        int(torch.randint(0, 4, (1,), generator=g))]
    batch, tokens = 3, 7

    def draw(*shape):
        scale = 1.0 + torch.rand(*shape[:-1], 1, generator=g)
        return torch.randn(*shape, generator=g) * scale + torch.randn(*shape[:-1], 1, generator=g) * 0.5

    stripe = torch.randn(dim, generator=g)
    stripe = stripe - stripe.mean()
    stripe = stripe / stripe.norm() + 0.15
    many = draw(12, 128, dim)
    level = nn.functional.layer_norm(many, (dim,)) @ stripe
    strong, weak = level > 0.5, (level < -0.5) & (level > -1)  # GELU is well away from zero there; where it bends, its order with dropout shows
    return {
        "dim": dim, "heads": heads, "hidden": hidden, "stripe": stripe,
        "x": draw(batch, tokens, dim) * 2,
        "other": draw(batch, tokens, dim) * 2,
        "token": draw(1, dim)[0] * 2,
        "order": torch.randperm(tokens, generator=g),
        "stretch": 1.5 + torch.rand(batch, tokens, 1, generator=g),
        "shift": torch.randn(batch, tokens, 1, generator=g),
        "small": draw(batch, tokens, dim) * 0.7,
        "dropped": torch.cat([many[strong][:160], many[weak][:96]]).reshape(8, 32, dim),
        "draw": int(torch.randint(2**31, (1,), generator=g)),  # for the secret weights
        "scale": 0.5 + torch.rand(dim, generator=g),
    }


def probe(cls, given: dict) -> dict:
    """Build the student's block and watch it; plain tensors, numbers and error lines come back."""
    dim, heads, hidden = given["dim"], given["heads"], given["hidden"]
    seen: dict[str, object] = {}
    used = standins.count(EXERCISE)
    block, error = attempt(lambda: cls(dim, hidden, heads))
    seen["build.error"] = error
    if error:
        return seen
    x = given["x"]
    seen["module"] = isinstance(block, nn.Module)
    if not seen["module"]:
        return seen
    block.eval()
    with torch.no_grad():
        value, error = attempt(lambda: block(x.clone()))
    seen["standin"] = standins.count(EXERCISE) > used
    seen["call.error"] = error
    seen["call.type"] = "tensor" if isinstance(value, torch.Tensor) else type(value).__name__
    if isinstance(value, (tuple, list)) and value and isinstance(value[0], torch.Tensor):
        seen["tuple.shape"] = torch.tensor(value[0].shape)
    if error or not isinstance(value, torch.Tensor):
        return seen
    seen["call"] = tensor(value)
    if value.shape != x.shape:
        return seen

    roles = Roles(block, dim, hidden)
    if not roles.mlp:  # another hidden size: find it, so that the rest can still be judged
        sizes = [s for p in roles.rest for s in p.shape if s not in (dim, 1)]
        for size in sorted(set(sizes), key=sizes.count, reverse=True):
            if sizes.count(size) == 2:
                roles = Roles(block, dim, size)
                break
    attempt(lambda: roles.find_scales(lambda: block(x.clone())))
    seen["hidden.used"] = roles.width if roles.mlp else 0
    seen["attention.matrices"], seen["mlp.matrices"] = len(roles.rest), len(roles.mlp)
    seen["unregistered"] = unregistered(block)
    seen["builtin"] = any(isinstance(m, nn.TransformerEncoderLayer) for m in block.modules())
    seen["batchnorm"] = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in block.modules())
    _, error = attempt(lambda: _behaviour(block, roles, given, seen))
    seen["behaviour.error"] = error
    _, error = attempt(lambda: _heads(cls, block, roles, given, seen))
    _, error = attempt(lambda: _dropout(cls, given, roles.width, seen))
    seen["dropout.error"] = error
    return seen


def _behaviour(block, roles: Roles, given: dict, seen: dict) -> None:
    g = generator(given["draw"], "weights")
    x, attention, mlp = given["x"], roles.rest, roles.mlp
    values = roles.random(g)
    seen["full"], seen["full.again"] = run(block, x), run(block, x)

    learning = [p for p in attention + mlp + roles.scales if p.requires_grad]
    out = block(x.clone())
    grads = torch.autograd.grad((out * torch.randn(out.shape, generator=g)).sum(), learning, allow_unused=True) if learning else ()
    found = {id(p): grad for p, grad in zip(learning, grads) if grad is not None}
    for name, matrices in (("attention", attention), ("mlp", mlp)):
        seen[f"{name}.grads"] = torch.cat([found[id(p)].flatten() for p in matrices if id(p) in found] or [torch.zeros(0)])
    seen["scales.grads"] = torch.tensor([bool(found[id(p)].any()) if id(p) in found else not p.requires_grad for p in roles.scales])

    # who sees whom
    mixed = given["other"].clone()
    mixed[0] = x[0]
    seen["company"] = run(block, mixed)
    seen["alone"] = run(block, x[:1])
    seen["shuffled"] = run(block, x[:, given["order"]])
    tokens = x.shape[1]
    changed = x[:1].repeat(tokens, 1, 1)
    changed[range(tokens), range(tokens)] = given["token"]
    seen["changed"] = torch.cat([run(block, row[None]) for row in changed])

    # one branch at a time
    def branch(name, *, without, inputs):
        roles.restore(values, without=without)
        for suffix, tokens_in in inputs.items():
            seen[f"{name}{suffix}"] = run(block, tokens_in)

    scale, shift = given["stretch"], given["shift"]
    stretched = {"": x, ".stretched": x * scale + shift, ".shifted": x + shift, ".other": given["other"]}
    branch("none", without=attention + mlp, inputs=stretched)
    seen["none.grad"] = slope(block, x, given)
    branch("attention", without=mlp, inputs=stretched)
    branch("mlp", without=attention, inputs=stretched)
    branch("composed", without=attention, inputs={"": seen["attention"]})
    branch("swapped", without=mlp, inputs={"": seen["mlp"]})
    for name, off in (("attention", mlp), ("mlp", attention)):
        outs = []
        for p in roles.scales:
            roles.neutral()
            with torch.no_grad():
                p.copy_(0.5 + torch.rand(p.shape, generator=g))
            roles.restore(values, without=off)
            outs.append(run(block, x))
        seen[f"scales.{name}"] = torch.stack(outs) if outs else torch.zeros(0, *x.shape)

    # one query among n copies of itself and m of another token: with weights of its own, each head mixes the two in another proportion
    roles.neutral()
    roles.restore(values, without=mlp)
    one, other = torch.cat([x, given["other"]])[:, :2].split(1, dim=1)  # [pairs, 1, D]
    mixes = [run(block, torch.cat([one.expand(-1, n, -1), other.expand(-1, m, -1)], dim=1))[:, :1] - one for n, m in RATIOS]
    seen["heads.mix"] = torch.cat(mixes, dim=1)

    # closed forms: the same number in every entry, see Roles.stripes
    roles.neutral()
    for name, last in (("", False), (".last", True)):
        roles.zero(mlp)
        roles.stripes(attention, given["stripe"], last=last)
        _stripes(block, roles, given, seen, f"attention{name}")
        if not roles.ambiguous:
            break
    roles.zero(attention)
    roles.stripes(mlp, given["stripe"])
    _stripes(block, roles, given, seen, "mlp")

    # train mode without dropout: only BatchNorm (or a hard-coded rate) makes a difference
    roles.restore(values)
    roles.neutral()
    block.train()
    before = _random_state()
    seen["train"] = torch.stack([run(block, x) for _ in range(FEW)])
    if _random_state() != before:
        seen["train"] = torch.stack([run(block, x) for _ in range(MANY)])
    seen["train.company"] = run(block, mixed)
    seen["train.ends"] = run(block, changed[[0, -1]])
    block.eval()


def cotangent(given: dict) -> torch.Tensor:
    """The secret weights [B, T, D] of the output whose gradient with respect to the tokens is watched."""
    return torch.randn(given["x"].shape, generator=generator(given["draw"], "skip"))


def slope(block, x: torch.Tensor, given: dict) -> torch.Tensor:
    """Gradient of the secretly weighted output with respect to x, zeros where there is none."""
    leaf = x.clone().requires_grad_(True)
    found, _ = attempt(lambda: torch.autograd.grad((block(leaf.clone()) * cotangent(given)).sum(), leaf)[0])
    return torch.zeros_like(x) if found is None else tensor(found)


@torch.no_grad()
def _stripes(block, roles: Roles, given: dict, seen: dict, name: str) -> None:
    """What a branch of stripes adds to the tokens: plainly, its gradient, and with the secret scale in one norm after the other."""
    small = given["small"]
    seen[f"stripes.{name}"] = run(block, small) - small
    with torch.enable_grad():
        seen[f"slope.{name}"] = slope(block, small, given)
    scaled = []
    for p in roles.scales:
        if p.numel() == given["dim"]:
            p.copy_(given["scale"].to(p).reshape(p.shape))
            scaled.append(run(block, small) - small)
            p.fill_(1.0)
    seen[f"scaled.{name}"] = torch.stack(scaled) if scaled else torch.zeros(0, *small.shape)


def _random_state() -> tuple:
    """The state of the usual random numbers: it moves where a call draws some."""
    _, keys, place, *_ = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), random.getstate(), keys.tobytes(), place


def _heads(cls, block, roles: Roles, given: dict, seen: dict) -> None:
    """Does the number of heads make a difference with the same parameters?"""
    g = generator(given["draw"], "heads")
    roles.random(g)
    reference = run(block, given["x"])
    other = cls(given["dim"], given["hidden"], 1).eval()
    state, wanted = block.state_dict(), other.state_dict()
    if {k: tuple(v.shape) for k, v in state.items()} != {k: tuple(v.shape) for k, v in wanted.items()}:
        return
    other.load_state_dict(state)
    seen["heads.difference"] = (run(other, given["x"]) - reference).abs().max().item()


def _dropout(cls, given: dict, width: int, seen: dict) -> None:
    block = cls(given["dim"], given["hidden"], given["heads"], DROPOUT)
    x = given["x"]
    block.eval()
    run(block, x)  # lazy layers get their sizes
    roles = Roles(block, given["dim"], width)
    attempt(lambda: roles.find_scales(lambda: block(x.clone())))
    values = roles.random(generator(given["draw"], "dropout"))
    seen["dropout.eval"], seen["dropout.eval.again"] = run(block, x), run(block, x)
    block.train()
    torch.manual_seed(given["draw"])
    seen["dropout.train"], seen["dropout.train.again"] = run(block, x), run(block, x)
    roles.restore(values, without=roles.matrices)
    roles.stripes(roles.mlp, given["stripe"])
    block.eval()
    tokens = given["dropped"]
    seen["dropout.plain"] = run(block, tokens) - tokens
    block.train()
    seen["dropout.masked"] = run(block, tokens) - tokens
