"""Check of `VisionTransformer` (Dosovitskiy et al. 2021, figure 1): class token, positions, depth, head.

The inside of a block is not judged here. The probe sets the parameters itself: with every matrix but the head's
at zero the blocks pass the tokens on unchanged, and the positions alone decide what the head reads.

What a right model is measured by are its logits and gradients for secret images, class tokens, positions and head weights:
with the blocks off the judge knows them in closed form (`vit_tokens_judge.derived`), elsewhere as relations between logits. The
probe's own remarks (module, unregistered, batchnorm, widenorm, builtin, leak, mixes, beside, onesided, head.direct, depth.hidden, batches, error lines) only ever
name a mistake or make a verdict worse; none of them turns a fail into a pass. What stands under "neutral." is measured in the same way.
"""

from __future__ import annotations

import torch
from torch import nn

from .. import standins
from .roles import Roles, unregistered
from .run import attempt, beside, generator, tensor
from .run import tensor_of as run
from .vit_parts import SIZES, TOKENS, Parts, calls, entering, leak, mixes, nudges, one_sided, orthogonal, projects, shuffle, side_by_side

EXERCISE = "vision_transformer"
DROPOUT = 0.3
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
        "crowd": draw(131, 4, 4), "order": order,
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
    for name in ("short", "wide", "crowd"):
        seen[f"{name}.fine"] = call(name, given[name])
    _, error = attempt(lambda: _watch(model, given, seen))
    seen["watch.error"] = error
    _, error = attempt(lambda: _depth(cls, given, seen))
    seen["depth.error"] = error
    _, error = attempt(lambda: _dropout(cls, given, seen))
    seen["dropout.error"] = error
    return seen


def _watch(model, given, seen) -> None:
    parts = Parts(model)
    roles = parts.roles
    g = generator(given["draw"], "vit")
    full, delta = given["full"], given["delta"]
    parts.settle(model, full, delta)
    sizes = {SIZES["num_classes"], SIZES["embed_dim"]}
    seen["head.direct"] = any({size for size in p.shape if size != 1} == sizes for p in parts.heads)
    seen["tables"], seen["singles"] = len(parts.tables), len(parts.tokens)
    seen["unregistered"] = unregistered(model, modules_only=True)
    seen["batchnorm"] = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())
    seen["widenorm"] = any(isinstance(m, nn.LayerNorm) and len(m.normalized_shape) > 1 for m in model.modules())
    seen["builtin"] = any(isinstance(m, (nn.TransformerEncoderLayer, nn.TransformerEncoder)) for m in model.modules())

    # everything on
    values = parts.random(g, given)
    parts.place(g, given)
    seen["logits"], seen["logits.again"] = run(model, full), run(model, full)
    mixed = given["other"].clone()
    mixed[0] = full[0]
    seen["company"], seen["alone"] = run(model, mixed), run(model, full[:1])
    seen["shuffled"] = run(model, shuffle(full, given["order"]))
    nudges(model, parts, full, delta, seen, "on")
    leaf = full.clone().requires_grad_(True)
    seen["pixels.grad"], *learns = gradients(model(leaf), given, [leaf, *parts.tables, *parts.tokens])
    seen["tables.grad"] = torch.stack([grad.abs().max() for grad in learns[:len(parts.tables)]] or [torch.ones(())])
    seen["tokens.grad"] = torch.stack([grad.flatten() for grad in learns[len(parts.tables):]] or [torch.ones(1)])
    seen["leak"] = leak(model, full, mixed)
    seen["beside"], seen["onesided"] = side_by_side(model, full, parts), one_sided(model, full, parts)
    loud = [p for p in roles.matrices if not any(p is q for q in parts.heads + parts.tables + parts.tokens)]
    with torch.no_grad():
        for p in loud:
            p.mul_(30.0)
    seen["loud"] = run(model, full)
    roles.restore(values)
    model.train()
    seen["train"], seen["train.company"] = run(model, full), run(model, mixed)
    model.eval()
    roles.restore(values)
    roles.neutral()
    with torch.no_grad():
        for p in parts.tables + parts.tokens:
            p.zero_()
        for p in parts.tokens:  # which is the class token does not matter here: all alike
            p.fill_(0.5)
    seen["unplaced"], seen["unplaced.shuffled"] = run(model, full), run(model, shuffle(full, given["order"]))

    # blocks off, projection on: does the head read patches?
    blocks = [p for p in roles.matrices if not any(p is q for q in parts.heads + parts.tables + parts.tokens)]
    projection = [p for p in blocks if projects(p, roles)]
    roles.restore(values, without=[p for p in blocks if not any(p is q for q in projection)])
    parts.place(g, given)
    seen["read.base"] = run(model, full)
    read = []
    for n in range(SIZES["num_patches"]):
        changed = full.clone()
        i, j = n // 4 * 2, n % 4 * 2
        changed[:, :, i:i + 2, j:j + 2] += given["patch"]
        read.append(run(model, changed))
    seen["read.patches"] = torch.stack(read)
    seen["mixes"] = mixes(model, full, changed)
    seen["calls"], seen["calls.inside"] = calls(model, full[:1], parts)
    model.train()  # dropout is 0
    seen["read.train"] = run(model, full)
    seen["train.mixes"] = mixes(model, full, changed)
    model.eval()
    seen["read.shuffled"] = run(model, shuffle(full, given["order"]))

    # projection off too: the tokens are the rows of the table, plus the class token
    roles.restore(values, without=blocks)
    parts.place(g, given)
    nudges(model, parts, full, delta, seen, "off")
    for name, params in (("rows", parts.tables[:1]), ("tokens", parts.tokens[:6])):
        found = gradients(model(full.clone()), given, params)
        if found:
            seen[f"off.{name}.grad"] = torch.cat([grad.reshape(-1, SIZES["embed_dim"]) for grad in found])
    with torch.no_grad():
        for p in parts.tables + parts.tokens:
            p.mul_(3.0)
        seen["off.scaled"] = run(model, full)
        if parts.tables:
            for p in parts.tokens:
                p.zero_()
            view = parts.rows(parts.tables[0])
            seen["still"] = run(model, full)
            kept = view.clone()
            order = given["rows"][given["rows"] < len(view)]
            if len(order) == len(view):
                view.copy_(kept[order])
                seen["still.shuffled"] = run(model, full)
                tail = torch.cat([torch.zeros(1, dtype=torch.long), order[order > 0]])
                view.copy_(kept[tail])
                seen["still.tail"] = run(model, full)
    # the head is linear: two orthogonal tokens of one length, and their sum
    for name, value in orthogonal().items():
        with torch.no_grad():
            for p in parts.tokens:
                p.zero_()
            for table in parts.tables:
                parts.rows(table).copy_(value.expand_as(parts.rows(table)))
            if not parts.tables:
                for p in parts.tokens[:1]:
                    p.copy_(value.reshape(p.shape))
        seen[f"head.{name}"] = run(model, full)


def gradients(out, given, params) -> list[torch.Tensor]:
    """Gradients of the secretly weighted logits with respect to some parameters, zeros where there is none."""
    wanted = [p for p in params if p.requires_grad]
    if not wanted or not out.requires_grad:
        return [torch.zeros(p.shape) for p in params]
    found = torch.autograd.grad((out * given["cotangent"][:len(out)]).sum(), wanted, allow_unused=True)
    by_id = {id(p): grad for p, grad in zip(wanted, found) if grad is not None}
    return [by_id.get(id(p), torch.zeros(p.shape)).detach() for p in params]


def _depth(cls, given, seen) -> None:
    """Models of one, two and three layers: the logits, and what they become when one matrix after the other is drawn anew."""
    hidden, models = [], []
    for layers in (1, 2, 3):
        model = cls(**(SIZES | {"num_layers": layers})).eval()
        run(model, given["full"])  # lazy layers get their sizes
        roles = Roles(model, SIZES["embed_dim"], SIZES["hidden_dim"])
        hidden.append(len(roles.mlp))
        models.append((model, roles))
        attempt(lambda: roles.find_scales(lambda: model(given["full"].clone())))
        g = generator(given["draw"], "depth", layers)
        values = roles.random(g)
        seen[f"depth{layers}"], changed = run(model, given["full"]), []
        for p in roles.matrices:
            with torch.no_grad():
                p.copy_((torch.randn(p.shape, generator=g) * 1.2 / SIZES["embed_dim"] ** 0.5).to(p))
                changed.append(run(model, given["full"]))
                p.copy_(values[id(p)].to(p))
        seen[f"depth{layers}.changed"] = torch.stack(changed)
    seen["depth.hidden"] = torch.tensor(hidden)
    (one, small), (_, large) = models[0], models[2]
    if [p.shape for p in small.params.values()] == [p.shape for p in large.params.values()]:
        with torch.no_grad():
            for p, q in zip(small.params.values(), large.params.values()):
                p.copy_(q)
        seen["depth.one"] = run(one, given["full"])


def _dropout(cls, given, seen) -> None:
    model = cls(**SIZES, dropout=DROPOUT).eval()
    run(model, given["full"])
    parts = Parts(model)
    parts.settle(model, given["full"], given["delta"])
    g = generator(given["draw"], "dropout")
    values = parts.random(g, given)
    parts.place(g, given)
    model.eval()
    seen["dropout.eval"], seen["dropout.eval.again"] = run(model, given["full"]), run(model, given["full"])
    model.train()
    torch.manual_seed(given["draw"])
    seen["dropout.train"], seen["dropout.train.again"] = run(model, given["full"]), run(model, given["full"])
    blocks = [p for p in parts.roles.matrices
              if not any(p is q for q in parts.heads + parts.tables + parts.tokens) and not projects(p, parts.roles)]
    parts.roles.restore(values, without=blocks)
    parts.place(g, given)
    seen["dropout.tokens"], seen["dropout.tokens.again"] = run(model, given["full"]), run(model, given["full"])
    seen["dropout.zeros"] = entering(model, given["full"], parts)
