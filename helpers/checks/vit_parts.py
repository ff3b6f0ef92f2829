"""The parts of a student's Vision Transformer: which parameter is what, and how the logits answer to a nudge."""

from __future__ import annotations

import torch
from torch import nn

from .roles import Roles, is_vector
from .run import attempt, generator, tensor_of

SIZES = {"embed_dim": 24, "hidden_dim": 40, "num_channels": 3, "num_heads": 4, "num_layers": 2, "num_classes": 7,
         "patch_size": 2, "num_patches": 16}
TOKENS = 1 + SIZES["num_patches"]
DROPOUT = 0.3


def shuffle(images: torch.Tensor, order: torch.Tensor, p: int = 2) -> torch.Tensor:
    """The same images with their p x p patches in another order."""
    cols = images.shape[3] // p
    out = torch.empty_like(images)
    for new, old in enumerate(order.tolist()):
        i, j, k, m = new // cols * p, new % cols * p, old // cols * p, old % cols * p
        out[:, :, i:i + p, j:j + p] = images[:, :, k:k + p, m:m + p]
    return out


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
            elif p.dim() and p.shape[-1] == dim and p.numel() == dim and (p.dim() > 1 or owner is model or isinstance(owner, (nn.ParameterDict, nn.ParameterList))):
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
        nudges(model, self, images, delta, seen, "n")
        rows = seen.get("n.rows", torch.zeros(0))
        self.tokens = [p for k, p in enumerate(self.tokens) if p.dim() > 1 or any(
            torch.allclose(seen["n.tokens"][k], row, atol=1e-4) for row in rows) or p.detach().std() > 0]

    def outside(self) -> list[torch.Tensor]:
        """The matrices that belong to no block: head, tables, single tokens, projection."""
        own = self.heads + self.tables + self.tokens
        return [p for p in self.roles.matrices if any(p is q for q in own) or projects(p, self.roles)]

    def rows(self, table: torch.Tensor) -> torch.Tensor:
        """A table as a view [rows, D]."""
        return table.data.reshape(-1, SIZES["embed_dim"])

    @torch.no_grad()
    def random(self, g: torch.Generator, given: dict) -> dict[int, torch.Tensor]:
        """Draw all matrices anew, set the head to the given weights (either way round), and return all values."""
        values = self.roles.random(g)
        for p in self.heads:
            shape = tuple(size for size in p.shape if size != 1)
            for head in (given["head"], given["head"].T):
                if id(p) in values and shape == head.shape:
                    values[id(p)] = head.reshape(p.shape).clone()
                    p.copy_(head.reshape(p.shape).to(p))
        return values

    @torch.no_grad()
    def place(self, g: torch.Generator, given: dict) -> None:
        """Set positions and single tokens to the given ones, of about the size of a token; other tables are drawn."""
        for k, p in enumerate(self.tokens):
            p.copy_(given["tokens"][k % len(given["tokens"])].reshape(p.shape).to(p))
        for k, table in enumerate(self.tables):
            rows = self.rows(table)
            known = k == 0 and len(rows) <= TOKENS
            rows.copy_((given["places"][:len(rows)] if known else torch.randn(rows.shape, generator=g)).to(rows))


def orthogonal() -> dict[str, torch.Tensor]:
    """Two orthogonal tokens of one length and mean 0, and their sum."""
    first = torch.zeros(SIZES["embed_dim"])
    first[0::4], first[1::4] = 1.0, -1.0
    return {"first": first, "second": first.roll(2), "sum": first + first.roll(2)}


@torch.no_grad()
def nudges(model, parts: Parts, images, delta, seen, name: str) -> None:
    """Logits after adding delta to each row of the position table, and to each single-token parameter."""
    rows = []
    for table in parts.tables[:1]:
        view = parts.rows(table)
        for r in range(min(len(view), 64)):
            view[r] += delta
            rows.append(tensor_of(model, images))
            view[r] -= delta
    tokens = []
    for p in parts.tokens[:6]:
        p.add_(delta.reshape(p.shape))
        tokens.append(tensor_of(model, images))
        p.sub_(delta.reshape(p.shape))
    seen[f"{name}.base"] = tensor_of(model, images)
    if rows:
        seen[f"{name}.rows"] = torch.stack(rows)
    if tokens:
        seen[f"{name}.tokens"] = torch.stack(tokens)


def leak(model, images, mixed) -> bool:
    """True where some layer's output for the first image depends on its neighbours in the batch.

    The logits alone can miss this: a class token that attends to other images' class tokens sees constants.
    """
    kept: list[list[torch.Tensor]] = [[], []]
    batch, inside = len(images), list(model.modules())[1:]

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
        hooked(model, given, inside, after=watch(store))
    return len(kept[0]) == len(kept[1]) and any(
        a.shape == b.shape and not torch.allclose(a, b, atol=1e-4, rtol=1e-3) for a, b in zip(*kept))


@torch.no_grad()
def mixes(model, images, changed) -> bool:
    """True where one changed patch changes every patch token that some module is given, with the blocks off.

    Attention is silent then, so it can only be a normalisation over the tokens. The logits miss it where the class token was spared.
    """
    kept: list[list[torch.Tensor]] = [[], [], []]
    inside = list(model.modules())[1:]

    def watch(store):
        def hook(module, given):
            for x in given:
                if isinstance(x, torch.Tensor) and x.dim() == 3 and x.shape[2] == SIZES["embed_dim"]:
                    one = x[0] if x.shape[0] == len(images) else x[:, 0]
                    store.append(one.detach().clone())
        return hook

    for store, shown in zip(kept, (images, changed, images)):
        hooked(model, shown, inside, before=watch(store))
    if len({len(store) for store in kept}) > 1:
        return False
    moved = [((a - b).abs().amax(1) > 1e-4 * a.abs().max().clamp_min(1.0)).sum().item() for a, b, again in zip(*kept)
             if a.shape == b.shape == again.shape and len(a) in (TOKENS, TOKENS - 1) and torch.allclose(a, again, atol=1e-5)]
    return any(count >= TOKENS - 1 for count in moved)


@torch.no_grad()
def padded(model, images) -> bool:
    """True where a layer is given TOKENS tokens an image, though these images have fewer patches."""
    found = []

    def hook(module, given):
        x = given[0] if given else None
        if isinstance(x, torch.Tensor) and x.dim() == 3 and x.shape[2] == SIZES["embed_dim"]:
            found.append(tuple(x.shape[:2]) in ((len(images), TOKENS), (TOKENS, len(images))))

    hooked(model, images, [m for m in model.modules() if m is not model and next(m.parameters(), None) is not None], before=hook)
    return any(found)


def hooked(model, images, modules, before=None, after=None) -> None:
    """One forward pass with `before(module, inputs)` in front of each module, or `after(module, inputs, output)` behind it."""
    handles = [m.register_forward_pre_hook(before) if before else m.register_forward_hook(after) for m in modules]
    try:
        tensor_of(model, images)
    finally:
        for handle in handles:
            handle.remove()


def projects(p: torch.Tensor, roles: Roles) -> bool:
    """True for the patch projection: [D, C*p*p] either way round, or a convolution's [D, C, p, p]."""
    dim, patch = SIZES["embed_dim"], SIZES["num_channels"] * SIZES["patch_size"] ** 2
    return dim in p.shape and p.numel() == dim * patch and SIZES["hidden_dim"] not in p.shape
