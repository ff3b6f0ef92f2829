"""Check of `VisionTransformer` (Dosovitskiy et al. 2021, figure 1): class token, positions, depth, head.

The inside of a block is not judged here. The probe sets the parameters itself: with every matrix but the head's
at zero the blocks pass the tokens on unchanged, and the positions alone decide what the head reads.
"""

from __future__ import annotations

import torch
from torch import nn

from .. import standins
from .roles import Roles, unregistered
from .run import attempt, generator, tensor
from .run import tensor_of as run
from .vit_parts import SIZES, TOKENS, Parts, leak, nudges, place, projects, shuffle

EXERCISE = "vision_transformer"
USUAL_BATCHES = (1, 2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 512)


def inputs(seed: int) -> dict[str, torch.Tensor]:
    """Images of the probes. Sizes in SIZES are chosen so that a dimension tells what a parameter belongs to."""
    g = generator(seed, EXERCISE)

    def draw(batch, height, width):
        return torch.randn(batch, SIZES["num_channels"], height, width, generator=g)

    order = torch.randperm(16, generator=g)
    while torch.equal(order, torch.arange(16)):
        order = torch.randperm(16, generator=g)
    return {
        "full": draw(3, 8, 8), "other": draw(3, 8, 8), "short": draw(3, 4, 4), "wide": draw(2, 4, 8),
        "crowd": draw(131, 4, 4), "order": order,
        "rows": torch.arange(TOKENS).roll(int(torch.randint(1, TOKENS, (1,), generator=g))),  # row 0 moves
        "delta": torch.randn(SIZES["embed_dim"], generator=g), "patch": torch.randn(3, 2, 2, generator=g),
    }


def probe(cls, seed: int) -> dict:
    """Build the student's model and watch it; plain tensors, numbers and error lines come back."""
    given = inputs(seed)
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
    g = generator(1, "vit")
    full, delta = given["full"], given["delta"]
    parts.settle(model, full, delta)
    seen["tables"], seen["singles"] = len(parts.tables), len(parts.tokens)
    seen["unregistered"] = unregistered(model)
    seen["batchnorm"] = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())
    seen["widenorm"] = any(isinstance(m, nn.LayerNorm) and len(m.normalized_shape) > 1 for m in model.modules())
    seen["builtin"] = any(isinstance(m, (nn.TransformerEncoderLayer, nn.TransformerEncoder)) for m in model.modules())

    # everything on
    values = roles.random(g)
    place(parts, g)
    seen["logits"], seen["logits.again"] = run(model, full), run(model, full)
    mixed = given["other"].clone()
    mixed[0] = full[0]
    seen["company"], seen["alone"] = run(model, mixed), run(model, full[:1])
    seen["shuffled"] = run(model, shuffle(full, given["order"]))
    nudges(model, parts, full, delta, seen, "on")
    leaf = full.clone().requires_grad_(True)
    out = model(leaf)
    wanted = [leaf] + [p for p in parts.tables + parts.tokens if p.requires_grad]
    grad, *others = torch.autograd.grad((out * torch.arange(1, out.numel() + 1).reshape(out.shape)).sum(), wanted,
                                        allow_unused=True)
    seen["pixels.unseen"] = full[0].numel() if grad is None else int((grad == 0).all(dim=0).sum())
    learns = {id(p) for p, d in zip(wanted[1:], others) if d is not None and bool((d != 0).any())}
    seen["table.trained"] = all(id(p) in learns for p in parts.tables)
    seen["singles.trained"] = torch.tensor([id(p) in learns for p in parts.tokens] or [True])
    seen["pixels"] = full[0].numel()
    seen["leak"] = leak(model, full, mixed)
    loud = [p for p in roles.matrices if not any(p is q for q in parts.heads + parts.tables + parts.tokens)]
    with torch.no_grad():
        for p in loud:
            p.mul_(30.0)
    seen["loud"] = run(model, full)
    bound = [p.detach().square().sum(dim=list(p.shape).index(SIZES["embed_dim"])).max().item() ** 0.5
             for p in parts.heads if SIZES["embed_dim"] in p.shape]
    seen["loud.bound"] = max(bound, default=1e9) * SIZES["embed_dim"] ** 0.5
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
    place(parts, g)
    seen["read.base"] = run(model, full)
    read = []
    for n in range(SIZES["num_patches"]):
        changed = full.clone()
        i, j = n // 4 * 2, n % 4 * 2
        changed[:, :, i:i + 2, j:j + 2] += given["patch"]
        read.append(run(model, changed))
    seen["read.patches"] = torch.stack(read)
    seen["read.shuffled"] = run(model, shuffle(full, given["order"]))

    # projection off too: the tokens are the rows of the table, plus the class token
    roles.restore(values, without=blocks)
    place(parts, g)
    nudges(model, parts, full, delta, seen, "off")
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
    first = torch.zeros(SIZES["embed_dim"])
    first[0::4], first[1::4] = 1.0, -1.0
    second = first.roll(2)
    for name, value in (("first", first), ("second", second), ("sum", first + second)):
        with torch.no_grad():
            for p in parts.tokens:
                p.zero_()
            for table in parts.tables:
                parts.rows(table).copy_(value.expand_as(parts.rows(table)))
            if not parts.tables:
                for p in parts.tokens[:1]:
                    p.copy_(value.reshape(p.shape))
        seen[f"head.{name}"] = run(model, full)


def _depth(cls, given, seen) -> None:
    matrices, hidden, models = [], [], []
    for layers in (1, 2, 3):
        model = cls(**(SIZES | {"num_layers": layers})).eval()
        roles = Roles(model, SIZES["embed_dim"], SIZES["hidden_dim"])
        matrices.append(len(roles.matrices))
        hidden.append(len(roles.mlp))
        models.append((model, roles))
    seen["depth.matrices"], seen["depth.hidden"] = torch.tensor(matrices), torch.tensor(hidden)
    (one, small), (three, large) = models[0], models[2]
    attempt(lambda: large.find_scales(lambda: three(given["full"].clone())))
    large.random(generator(4, "depth"))
    out = three(given["full"])
    grads = torch.autograd.grad((out * torch.arange(1, out.numel() + 1).reshape(out.shape)).sum(),
                                [p for p in large.matrices if p.requires_grad], allow_unused=True)
    seen["depth.unused"] = sum(1 for grad in grads if grad is None or not (grad.abs() > 1e-12).any())
    shapes = [[tuple(p.shape) for p in roles.params.values()] for roles in (small, large)]
    if shapes[0] == shapes[1]:
        with torch.no_grad():
            for p, q in zip(small.params.values(), large.params.values()):
                p.copy_(q)
        seen["depth.matters"] = not torch.allclose(run(one, given["full"]), out.detach(), atol=1e-4, rtol=1e-4)


def _dropout(cls, given, seen) -> None:
    model = cls(**SIZES, dropout=0.5)
    parts = Parts(model)
    model.eval()
    parts.settle(model, given["full"], given["delta"])
    g = generator(5, "dropout")
    values = parts.roles.random(g)
    place(parts, g)
    model.eval()
    seen["dropout.eval"], seen["dropout.eval.again"] = run(model, given["full"]), run(model, given["full"])
    model.train()
    torch.manual_seed(12)
    seen["dropout.train"], seen["dropout.train.again"] = run(model, given["full"]), run(model, given["full"])
    blocks = [p for p in parts.roles.matrices
              if not any(p is q for q in parts.heads + parts.tables + parts.tokens) and not projects(p, parts.roles)]
    parts.roles.restore(values, without=blocks)
    place(parts, g)
    seen["dropout.tokens"], seen["dropout.tokens.again"] = run(model, given["full"]), run(model, given["full"])
