"""Check of `VisionTransformer` (Dosovitskiy et al. 2021, figure 1): class token, positions, depth, head.

The inside of a block is not judged here. The probe sets the parameters itself: with every matrix but the head's
at zero the blocks pass the tokens on unchanged, and the positions alone decide what the head reads.

What a right model is measured by are its logits and gradients for secret images, class tokens, positions and head weights:
with the blocks off the judge knows them in closed form (`vit_tokens_judge.derived`), elsewhere as relations between logits. The
probe's own remarks (module, unregistered, batchnorm, widenorm, builtin, leak, mixes, chain, onesided, padded, head.direct, depth.hidden, depth.norms, batches, error lines) only ever
name a mistake or make a verdict worse; none of them turns a fail into a pass. What stands under "neutral." is measured in the same way.
"""

from __future__ import annotations

import torch
from torch import nn

from .. import standins
from .roles import Roles, unregistered
from .run import attempt, beside, generator, tensor
from .vit_parts import DROPOUT, SIZES, TOKENS
from .vit_watch import depth, dropout, watch

EXERCISE = "vision_transformer"
OTHER_SIZES = {"embed_dim": 20, "hidden_dim": 36, "num_channels": 1, "num_heads": 2, "num_layers": 1, "num_classes": 4, "patch_size": 4, "num_patches": 9}
USUAL_BATCHES = (1, 2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 512)


def inputs(seed: int) -> dict:
    """Images of the probes, and what parameters are set to. Sizes in SIZES are chosen so that a dimension tells what a
    parameter belongs to."""
    g = generator(seed, EXERCISE)
    dim = SIZES["embed_dim"]

    def draw(batch, height, width):
        return torch.randn(batch, SIZES["num_channels"], height, width, generator=g)

    order = torch.randperm(16, generator=g)
    while torch.equal(order, torch.arange(16)):
        order = torch.randperm(16, generator=g)
    return {
        "full": draw(3, 8, 8), "other": draw(3, 8, 8), "short": draw(3, 4, 4), "wide": draw(2, 4, 8),
        "crowd": draw(131, 4, 4), "grey": torch.randn(2, OTHER_SIZES["num_channels"], 12, 12, generator=g), "order": order,
        "rows": torch.arange(TOKENS).roll(int(torch.randint(1, TOKENS, (1,), generator=g))),  # row 0 moves
        "delta": torch.randn(dim, generator=g), "patch": torch.randn(3, 2, 2, generator=g),
        "tokens": torch.randn(6, dim, generator=g), "places": torch.randn(TOKENS, dim, generator=g),
        "head": torch.randn(SIZES["num_classes"], dim, generator=g) * 1.2 / dim**0.5,
        "cotangent": torch.randn(3, SIZES["num_classes"], generator=g),
        "draw": int(torch.randint(2**31, (1,), generator=g)),  # for the other weights
    }


def probe(cls, given: dict) -> dict:
    """Build the student's model and watch it; plain tensors, numbers and error lines come back.

    Where the AttentionBlock that it is built of does not do what a block does, the model is watched once more with a right one,
    under "neutral.": a mistake of that stage must not hide what the model itself does.
    """
    seen = _seen(cls, given)
    names = beside(cls)
    own = names.get("AttentionBlock")
    if isinstance(own, type) and not issubclass(own, standins.get("attention_block")) and not passes_on(own, given):
        names["AttentionBlock"] = standins.get("attention_block")
        try:
            seen |= {f"neutral.{name}": value for name, value in _seen(cls, given).items()}
        finally:
            names["AttentionBlock"] = own
        files = [getattr(getattr(part.__init__, "__code__", None), "co_filename", "") for part in (cls, own)]
        seen["neutral.foreign"] = files[0] != files[1]  # the block stands in another cell: it is another stage's
    return seen


@torch.no_grad()
def passes_on(block_class, given) -> bool:
    """Whether a block passes tokens on where its matrices are zero, treats all tokens alike, is steady, and keeps no layer in a list."""
    def look() -> bool:
        dim, g = SIZES["embed_dim"], generator(given["draw"], "block")
        block = block_class(dim, SIZES["hidden_dim"], SIZES["num_heads"]).eval()
        x = torch.randn(2, TOKENS, dim, generator=g)
        block(x.clone())
        roles = Roles(block, dim, SIZES["hidden_dim"])
        with torch.enable_grad():
            attempt(lambda: roles.find_scales(lambda: block(x.clone())))
        roles.random(g)
        out, order = block(x.clone()), torch.randperm(TOKENS, generator=g)
        same = [(block(x.clone()), out), (block(x[:, order]), out[:, order]), (block(x[:1].clone()), out[:1])]
        for p in roles.matrices:
            p.zero_()
        same.append((block(x.clone()), x))
        dropping = block_class(dim, SIZES["hidden_dim"], SIZES["num_heads"], DROPOUT).eval()
        same.append((dropping(x.clone()), dropping(x.clone())))
        wide = (nn.modules.batchnorm._NormBase, nn.GroupNorm)
        odd = any(isinstance(m, wide) or isinstance(m, nn.LayerNorm) and len(m.normalized_shape) > 1 for m in block.modules())
        return bool(roles.matrices) and not odd and not unregistered(block) and all(torch.allclose(a, b, atol=1e-4) for a, b in same)

    fine, error = attempt(look)
    return bool(fine) and not error


def _other_sizes(cls, given: dict, seen: dict) -> None:
    """A model of other sizes: grey images, larger patches, fewer classes. Not asked where a part of an earlier stage fails with them."""
    names, other, grey = beside(cls), OTHER_SIZES, given["grey"]
    block, cut = names.get("AttentionBlock"), names.get("img_to_patch")
    if block is not None and attempt(lambda: block(other["embed_dim"], other["hidden_dim"], other["num_heads"])(torch.zeros(2, 10, other["embed_dim"])))[1]:
        return
    if cut is not None and attempt(lambda: cut(grey.clone(), other["patch_size"]))[1]:
        return
    model = cls(**other).eval()
    with torch.no_grad():
        seen["sizes.shape"] = torch.tensor(model(grey.clone()).shape)


def _seen(cls, given: dict) -> dict:
    seen: dict[str, object] = {}
    used = standins.count(EXERCISE)
    model, error = attempt(lambda: cls(**SIZES))
    seen["build.error"] = error
    seen["standin"] = standins.count(EXERCISE) > used
    seen["module"] = isinstance(model, nn.Module)
    if error or not seen["module"]:
        return seen
    model.eval()

    def call(name, images):
        with torch.no_grad():
            value, error = attempt(lambda: model(images.clone()))
        seen[f"{name}.error"] = error
        seen[f"{name}.type"] = "tensor" if isinstance(value, torch.Tensor) else type(value).__name__
        if isinstance(value, torch.Tensor):
            seen[name] = tensor(value)
        return isinstance(value, torch.Tensor) and tuple(value.shape) == (len(images), SIZES["num_classes"])

    seen["standin"] = standins.count(EXERCISE) > used
    fine = call("full", given["full"])
    if seen["full.error"].startswith("NotImplementedError"):
        return seen
    if not fine:
        seen["batches"] = ""
        for batch in USUAL_BATCHES:
            if call("trial", given["full"][:1].repeat(batch, 1, 1, 1)):
                seen["batches"] += f" {batch}"
                break
        return seen
    _, seen["sizes.error"] = attempt(lambda: _other_sizes(cls, given, seen))
    for name in ("short", "wide", "crowd"):
        seen[f"{name}.fine"] = call(name, given[name])
    _, error = attempt(lambda: watch(model, given, seen))
    seen["watch.error"] = error
    _, error = attempt(lambda: depth(cls, given, seen))
    seen["depth.error"] = error
    _, error = attempt(lambda: dropout(cls, given, seen))
    seen["dropout.error"] = error
    return seen
