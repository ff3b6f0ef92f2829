"""Check of `VisionTransformer` (Dosovitskiy et al. 2021, figure 1): class token, positions, depth, head.

The inside of a block is not judged here. The probe sets the parameters itself: with every matrix but the head's
at zero the blocks pass the tokens on unchanged, and the positions alone decide what the head reads.
"""

from __future__ import annotations

import torch
from torch import nn

from .. import standins
from .attention import _run as run
from .roles import Roles, is_vector, unregistered
from .run import attempt, generator, tensor

EXERCISE = "vision_transformer"
SIZES = {"embed_dim": 24, "hidden_dim": 40, "num_channels": 3, "num_heads": 4, "num_layers": 2, "num_classes": 7,
         "patch_size": 2, "num_patches": 16}
TOKENS = 1 + SIZES["num_patches"]
USUAL_BATCHES = (1, 2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 512)


def inputs(seed: int) -> dict[str, torch.Tensor]:
    """Images of the probes. Sizes in SIZES are chosen so that a dimension tells what a parameter belongs to."""
    g = generator(seed, EXERCISE)

    def draw(batch, height, width):
        return torch.randn(batch, SIZES["num_channels"], height, width, generator=g)

    order = torch.randperm(16, generator=g)
    while torch.equal(order, torch.arange(16)):
        order = torch.randperm(16, generator=g)
    return {"full": draw(3, 8, 8), "other": draw(3, 8, 8), "short": draw(3, 4, 4), "wide": draw(2, 4, 8),
            "crowd": draw(131, 4, 4), "order": order, "rows": torch.arange(TOKENS).roll(int(torch.randint(1, TOKENS, (1,), generator=g))),  # row 0 must move
           
            "delta": torch.randn(SIZES["embed_dim"], generator=g), "patch": torch.randn(3, 2, 2, generator=g)}


def shuffle(images: torch.Tensor, order: torch.Tensor, p: int = 2) -> torch.Tensor:
    """The same images with their p x p patches in another order."""
    cols = images.shape[3] // p
    out = torch.empty_like(images)
    for new, old in enumerate(order.tolist()):
        i, j, k, m = new // cols * p, new % cols * p, old // cols * p, old % cols * p
        out[:, :, i:i + p, j:j + p] = images[:, :, k:k + p, m:m + p]
    return out


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


class Parts:
    """The parameters that a Vision Transformer has besides its blocks, found by shape and owner."""

    layers = (nn.Linear, nn.LayerNorm, nn.MultiheadAttention, nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)

    def __init__(self, model: nn.Module):
        dim = SIZES["embed_dim"]
        self.roles = Roles(model, dim, SIZES["hidden_dim"])
        self.tables, self.tokens, self.heads = [], [], []
        for key, p in self.roles.params.items():
            owner = self.roles.owner[key]
            if isinstance(owner, self.layers):
                if isinstance(owner, nn.Linear) and p.dim() == 2 and p.shape[0] == SIZES["num_classes"]:
                    self.heads.append(p)
            elif p.dim() and p.shape[-1] == dim and p.numel() == dim and (p.dim() > 1 or owner is model):
                self.tokens.append(p)
            elif p.dim() and dim in p.shape and p.numel() // dim in (TOKENS, TOKENS - 1):
                self.tables.append(p)
            elif SIZES["num_classes"] in p.shape and not is_vector(p):
                self.heads.append(p)
        if not self.tables:  # a table of another length
            usual = {dim, 3 * dim, 2 * dim, SIZES["num_classes"], 12, SIZES["hidden_dim"]}
            self.tables = [p for p in self.roles.rest if not isinstance(self.roles.owner[id(p)], self.layers)
                           and p.shape[-1] == dim and p.numel() // dim not in usual and p.dim() in (2, 3)
                           and p.numel() > dim and max(p.shape[:-1]) * dim == p.numel()]

    def settle(self, model: nn.Module, images: torch.Tensor, delta: torch.Tensor) -> None:
        """Sort out scales, and drop single vectors that are biases: those that act like no row of the table."""
        attempt(lambda: self.roles.find_scales(lambda: model(images.clone())))
        scales = {id(p) for p in self.roles.scales}
        self.tokens = [p for p in self.tokens if p.dim() > 1 or id(p) not in scales]
        if not any(p.dim() == 1 for p in self.tokens):
            return
        self.roles.random(generator(6, "settle"))
        seen: dict[str, torch.Tensor] = {}
        _nudges(model, self, images, delta, seen, "n")
        rows = seen.get("n.rows", torch.zeros(0))
        self.tokens = [p for k, p in enumerate(self.tokens) if p.dim() > 1 or any(
            torch.allclose(seen["n.tokens"][k], row, atol=1e-4) for row in rows) or p.detach().std() > 0]

    def rows(self, table: torch.Tensor) -> torch.Tensor:
        """A table as a view [rows, D]."""
        return table.data.reshape(-1, SIZES["embed_dim"])


@torch.no_grad()
def _place(parts: Parts, g: torch.Generator) -> None:
    """Fresh positions and class token, of about the size of a token."""
    for p in parts.tables + parts.tokens:
        p.copy_(torch.randn(p.shape, generator=g).to(p))


@torch.no_grad()
def _nudges(model, parts: Parts, images, delta, seen, name: str) -> None:
    """Logits after adding delta to each row of the position table, and to each single-token parameter."""
    rows = []
    for table in parts.tables[:1]:
        view = parts.rows(table)
        for r in range(min(len(view), 64)):
            view[r] += delta
            rows.append(run(model, images))
            view[r] -= delta
    tokens = []
    for p in parts.tokens[:6]:
        p.add_(delta.reshape(p.shape))
        tokens.append(run(model, images))
        p.sub_(delta.reshape(p.shape))
    seen[f"{name}.base"] = run(model, images)
    if rows:
        seen[f"{name}.rows"] = torch.stack(rows)
    if tokens:
        seen[f"{name}.tokens"] = torch.stack(tokens)


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
    _place(parts, g)
    seen["logits"], seen["logits.again"] = run(model, full), run(model, full)
    mixed = given["other"].clone()
    mixed[0] = full[0]
    seen["company"], seen["alone"] = run(model, mixed), run(model, full[:1])
    seen["shuffled"] = run(model, shuffle(full, given["order"]))
    _nudges(model, parts, full, delta, seen, "on")
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
    seen["leak"] = _leak(model, full, mixed)
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
    projection = [p for p in blocks if _projects(p, roles)]
    roles.restore(values, without=[p for p in blocks if not any(p is q for q in projection)])
    _place(parts, g)
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
    _place(parts, g)
    _nudges(model, parts, full, delta, seen, "off")
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


def _leak(model, images, mixed) -> bool:
    """True where some layer's output for the first image depends on its neighbours in the batch.

    The logits alone can miss this: a class token that attends to other images' class tokens sees constants.
    """
    kept: list[list[torch.Tensor]] = [[], []]
    batch = len(images)

    def watch(store):
        def hook(module, given, out):
            out = out[0] if isinstance(out, tuple) and out else out
            if isinstance(out, torch.Tensor) and out.dim() == 3:
                if out.shape[0] == batch and out.shape[1] != batch:
                    store.append(out[0].detach().clone())
                elif out.shape[1] == batch and out.shape[0] != batch:
                    store.append(out[:, 0].detach().clone())
        return hook

    for store, given in zip(kept, (images, mixed)):
        handles = [m.register_forward_hook(watch(store)) for m in model.modules() if m is not model]
        try:
            run(model, given)
        finally:
            for handle in handles:
                handle.remove()
    return len(kept[0]) == len(kept[1]) and any(
        a.shape == b.shape and not torch.allclose(a, b, atol=1e-4, rtol=1e-3) for a, b in zip(*kept))


def _projects(p: torch.Tensor, roles: Roles) -> bool:
    """True for the patch projection: [D, C*p*p] either way round, or a convolution's [D, C, p, p]."""
    dim, patch = SIZES["embed_dim"], SIZES["num_channels"] * SIZES["patch_size"] ** 2
    return dim in p.shape and p.numel() == dim * patch and SIZES["hidden_dim"] not in p.shape


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
    _place(parts, g)
    model.eval()
    seen["dropout.eval"], seen["dropout.eval.again"] = run(model, given["full"]), run(model, given["full"])
    model.train()
    torch.manual_seed(12)
    seen["dropout.train"], seen["dropout.train.again"] = run(model, given["full"]), run(model, given["full"])
    blocks = [p for p in parts.roles.matrices
              if not any(p is q for q in parts.heads + parts.tables + parts.tokens) and not _projects(p, parts.roles)]
    parts.roles.restore(values, without=blocks)
    _place(parts, g)
    seen["dropout.tokens"], seen["dropout.tokens.again"] = run(model, given["full"]), run(model, given["full"])
