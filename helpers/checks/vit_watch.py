"""What the probe of `VisionTransformer` looks at: one model with parameters of the judge's choice, three depths, and dropout.

Each function builds or takes a model, and writes what it saw into `seen`; `vit.py` says what a verdict rests on.
"""

from __future__ import annotations

import torch
from torch import nn

from .roles import Roles, is_vector, unregistered
from .run import attempt, generator
from .run import tensor_of as run
from .vit_blocks import busiest, calls, chain, entering, one_sided
from .vit_parts import DROPOUT, SIZES, Parts, leak, mixes, nudges, orthogonal, padded, projects, shuffle


RUNS = 24  # calls in train mode: a block that is left out in one call of ten is left out in one of them


def watch(model, given, seen) -> None:
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
    for name in ("full", "short") if seen["short.fine"] else ():  # how many rows of the table answer
        rows = gradients(model(given[name].clone()), given, parts.tables[:1])
        seen[f"rows.{name}"] = sum(int((row.reshape(-1, SIZES["embed_dim"]) != 0).any(dim=1).sum()) for row in rows)
        seen["padded"] = padded(model, given["short"])
    seen["chain"], seen["onesided"] = chain(model, full, parts), one_sided(model, full, parts)
    model.train()
    seen["train"], seen["train.company"] = run(model, full), run(model, mixed)
    seen["train.chain"] = chain(model, full, parts)
    seen["train.often"] = torch.stack([run(model, full) for _ in range(RUNS)])
    model.eval()
    loud = [p for p in roles.matrices if not any(p is q for q in parts.heads + parts.tables + parts.tokens)]
    with torch.no_grad():
        for p in loud:
            p.mul_(30.0)
    seen["loud"] = run(model, full)
    roles.restore(values)
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
    if seen["short.fine"]:
        seen["off.short"] = run(model, given["short"])
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


def depth(cls, given, seen) -> None:
    """Models of one, two and three layers: the logits, and what they become when one matrix after the other is drawn anew."""
    hidden, norms, models = [], [], []
    for layers in (1, 2, 3):
        model = cls(**(SIZES | {"num_layers": layers})).eval()
        run(model, given["full"])  # lazy layers get their sizes
        roles = Roles(model, SIZES["embed_dim"], SIZES["hidden_dim"])
        models.append((model, roles))
        attempt(lambda: roles.find_scales(lambda: model(given["full"].clone())))
        norms.append(busiest(model, given["full"][:1], [roles.owner[id(p)] for p in roles.scales]))
    for layers, (model, roles), matrices in zip((1, 2, 3), models, single(models)):
        hidden.append(sum(SIZES["hidden_dim"] in p.shape for p in matrices))
        g = generator(given["draw"], "depth", layers)
        roles.random(g)
        seen[f"depth{layers}"], changed = run(model, given["full"]), []
        for p in matrices:
            before = p.clone()
            p.copy_((torch.randn(p.shape, generator=g) * 1.2 / SIZES["embed_dim"] ** 0.5).to(p))
            changed.append(run(model, given["full"]))
            p.copy_(before)
        seen[f"depth{layers}.changed"] = torch.stack(changed)
    seen["depth.hidden"], seen["depth.norms"] = torch.tensor(hidden), torch.tensor(norms)
    (one, small), (_, large) = models[0], models[2]
    if [p.shape for p in small.params.values()] == [p.shape for p in large.params.values()]:
        with torch.no_grad():
            for p, q in zip(small.params.values(), large.params.values()):
                p.copy_(q)
        seen["depth.one"] = run(one, given["full"])


def single(models) -> list[list[torch.Tensor]]:
    """The matrices of models of one, two and three layers as plain tensors; those of all layers in one parameter [layers, ...] one by one."""
    named = [dict(model.named_parameters()) for model, _ in models]
    stacked = {name for name, p in named[0].items() if p.dim() > 1 and all(
        name in other and other[name].shape == (layers, *p.shape[1:]) for layers, other in enumerate(named, start=1))}
    found = []
    for params, (_, roles) in zip(named, models):
        apart = {id(params[name]) for name in stacked}
        rows = [p.detach().unbind(0) if id(p) in apart else (p.detach(),) for p in roles.matrices]
        found.append([row for group in rows for row in group if not is_vector(row)])
    return found


def dropout(cls, given, seen) -> None:
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
