"""Independent oracle: which clauses of the contract does a VisionTransformer break? (LitViT: oracle_lit)

It knows nothing of helpers.checks. It judges automatic mutants of correct code, so a false alarm is worse than a
miss: every clause is decided by an exact property (an invariance, a gradient mask, a rank), in float64, with all
parameters set to random values, and a property that cannot be measured is passed over.

Each function runs in a second or two, leaves the global random state as it was and returns [] for right code.
"""

from __future__ import annotations

import torch

from tests.corpus.oracle_lit import lit_vit, quiet

__all__ = ["lit_vit", "vision_transformer"]

MAIN = dict(embed_dim=16, hidden_dim=20, num_channels=3, num_heads=2, num_layers=3, num_classes=5, patch_size=4,
            num_patches=12)
OTHER = dict(embed_dim=24, hidden_dim=40, num_channels=1, num_heads=3, num_layers=2, num_classes=7, patch_size=2,
             num_patches=20)


def _build(cls, dtype=torch.float64, dropout=0.0, spread=0.4, **kwargs):
    """A model whose parameters are all random, so that no initialisation hides a part (zero head, zero branch)."""
    torch.manual_seed(1)
    model = cls(**kwargs, dropout=dropout)
    torch.manual_seed(2)
    with torch.no_grad():
        for p in model.parameters():
            # torch.empty without an initialisation may hold anything; any initialisation is right
            p.copy_(torch.nan_to_num(p, 0.0, 0.0, 0.0).clamp(-5, 5) + spread * torch.randn(p.shape))
    return model.to(dtype)


def _tables(model, config, *, trainable=True):
    """Parameters that can be the positions: [.., rows, D] with 1 + num_patches rows, or one or two to spare."""
    dim, rows = config["embed_dim"], 1 + config["num_patches"]
    return [p for p in model.parameters() if (p.requires_grad or not trainable) and p.dim() > 1
            and p.shape[-1] == dim and rows * dim <= p.numel() <= (rows + 2) * dim]


def _close(a, b, dtype):
    tol = 1e-8 if dtype == torch.float64 else 2e-4
    return a.shape == b.shape and bool(((a - b).abs() <= tol * (1 + a.abs().max())).all())


def _images(batch, channels, height, width, dtype):
    return torch.randn(batch, channels, height, width).to(dtype)


class _Shift:
    """Add values to parameters for the time of a with statement."""

    def __init__(self, *pairs):
        self.pairs = pairs

    def __enter__(self):
        self.old = [p.detach().clone() for p, _ in self.pairs]
        with torch.no_grad():
            for p, delta in self.pairs:
                p.add_(delta.reshape(p.shape))

    def __exit__(self, *_):
        with torch.no_grad():
            for (p, _), old in zip(self.pairs, self.old, strict=True):
                p.copy_(old)


def _effective_size(cls, images, dtype, **kwargs) -> int:
    """Number of parameter elements in tensors that the logits depend on."""
    model = _build(cls, dtype, **kwargs).eval()
    out = model(images)
    if not out.requires_grad:
        return 0
    params = list(model.parameters())
    grads = torch.autograd.grad((out * torch.randn_like(out)).sum(), params, allow_unused=True)
    return sum(p.numel() for p, g in zip(params, grads, strict=True) if g is not None and bool((g != 0).any()))


def _depth_clauses(cls, config, images, dtype) -> list[str]:
    base = {k: v for k, v in config.items() if k != "num_layers"}
    one, two, four = (_effective_size(cls, images, dtype, **base, num_layers=n) for n in (1, 2, 4))
    if two == one:
        return ["more layers do not bring more parameters into play (shared, unused or fixed blocks)"]
    if four - two != 2 * (two - one):
        return ["the number of parameters in play does not grow evenly with num_layers"]
    per_block = two - one
    dim, patch = config["embed_dim"], config["num_channels"] * config["patch_size"] ** 2
    # class token, positions, projection, head weight; biases and the last norm may come on top
    least = dim + (1 + config["num_patches"]) * dim + patch * dim + dim * config["num_classes"]
    around = one - per_block - least
    if around < -dim * (1 + config["num_patches"]) or around > per_block * 0.6:
        return ["the number of blocks is not num_layers"]
    return []


def _head_clauses(model, images, dim, classes, dtype) -> list[str]:
    """The logits are affine in a weight [classes, dim]; its input is the output of a LayerNorm."""
    clauses, heads = [], []
    for p in model.parameters():
        if p.numel() == dim * classes and not ((p.shape[0] == dim) and p.shape[-1] == dim):
            heads.append(p)
    if len(heads) != 1:
        return clauses
    weight = heads[0]
    few = images[:4]
    with torch.no_grad():
        delta = torch.randn_like(weight)
        out = model(few)
        with _Shift((weight, delta)):
            plus = model(few)
        with _Shift((weight, -2 * delta)):
            minus = model(few)
    if not _close(2 * (plus - out), -(minus - out), dtype):
        return ["the logits are not linear in the last layer's weight"]
    if not weight.requires_grad:
        return clauses
    # Each row's gradient with respect to the weight is the head's input for that image.
    features = []
    for i in range(len(images)):
        out = model(images[i:i + 1])
        grad = torch.autograd.grad(out[0, 0], weight)[0].reshape(classes, -1) if weight.shape[0] == classes else \
            torch.autograd.grad(out[0, 0], weight)[0].reshape(-1, classes).T
        features.append(grad[0])
    z = torch.stack(features)
    if len(z) > dim + 4:
        values = torch.linalg.svdvals(z - z.mean(0))
        # A LayerNorm's output obeys one linear relation, so the features span at most dim - 1 directions.
        if values[0] > 0 and values[-1] > (1e-7 if dtype == torch.float64 else 1e-3) * values[0]:
            clauses.append("the head's input is not the output of a LayerNorm over the features")
    return clauses


def _token_clauses(model, images, config, dtype) -> list[str]:
    dim = config["embed_dim"]
    used = 1 + images.shape[2] * images.shape[3] // config["patch_size"] ** 2
    trainable = [p for p in model.parameters() if p.requires_grad]
    tables = _tables(model, config)
    tokens = [p for p in trainable if p.numel() == dim]
    if not tables:
        return ["no trainable table of 1 + num_patches positions"]
    clauses: list[str] = []
    with torch.no_grad():
        out = model(images)

        def shifted(*pairs):
            with _Shift(*pairs):
                return model(images)

        def row(r, delta):
            step = torch.zeros(table.numel() // dim, dim, dtype=dtype)
            step[r] = delta
            return step

        delta = torch.randn(dim, dtype=dtype)
        live = [t for t in tables if not _close(shifted((t, torch.randn(t.shape, dtype=dtype))), out, dtype)]
        if not live:
            return ["the positions have no influence"]
        table = live[0]
        for r in range(table.numel() // dim):
            moves = not _close(shifted((table, row(r, delta))), out, dtype)
            if r < used and not moves:
                clauses.append("a token has no position of its own")
                break
            if r >= used and moves:
                clauses.append("a position without a token has an influence")
                break
        # Class token and position enter as a sum: moving one up and the other down changes nothing.
        first = [t for t in tokens if _close(shifted((t, delta), (table, row(0, -delta))), out, dtype)
                 and not _close(shifted((t, delta)), out, dtype)]
    if not first:
        return [*clauses, "no trainable class token that is put first and gets position 0"]
    out = model(images)
    grads = torch.autograd.grad((out * torch.randn_like(out)).sum(), [first[0], table], allow_unused=True)
    if any(g is None or not bool((g != 0).any()) for g in grads):
        clauses.append("the class token or the positions are cut off from the gradient")
    return clauses


def _patch_clauses(model, images, config, dtype) -> list[str]:
    """With equal positions, swapping two patches of the image changes nothing; every pixel counts."""
    p = config["patch_size"]
    tables = _tables(model, config, trainable=False)
    if not tables:
        return []
    clauses = []
    x = images[:2].clone().requires_grad_()
    out = model(x)
    if out.requires_grad:
        grad = torch.autograd.grad((out * torch.randn_like(out)).sum(), x, allow_unused=True)[0]
        if grad is None or bool((grad == 0).any()):
            clauses.append("some pixels have no influence")
    with torch.no_grad():
        # The inside of a block is not judged here: on black images all patches are alike, so permuting the
        # positions tells whether the blocks treat tokens alike. Where they do not, the swap proves nothing.
        table, used = tables[0], 1 + images.shape[2] * images.shape[3] // p ** 2
        rows = table.detach().reshape(-1, config["embed_dim"])
        order = torch.arange(len(rows))
        order[1:used] = order[1:used].roll(1)
        black = torch.zeros_like(images)
        out = model(black)
        with _Shift((table, rows[order] - rows)):
            if not _close(model(black), out, dtype):
                return clauses
        with _Shift((table, -table.detach())):
            out = model(images)
            last_row, last_col = images.shape[2] - p, images.shape[3] - p
            for top, left in ((0, last_col), (last_row, 0), (last_row, last_col)):
                swapped = images.clone()
                swapped[:, :, :p, :p] = images[:, :, top:top + p, left:left + p]
                swapped[:, :, top:top + p, left:left + p] = images[:, :, :p, :p]
                if not _close(model(swapped), out, dtype):
                    clauses.append("tokens are not the p x p patches of the image")
                    break
    return clauses


def _pooling_clauses(cls, config, images, dtype) -> list[str]:
    """Without blocks the class token never meets the patches, so the logits do not depend on the image."""
    settings = {**config, "num_layers": 0}
    try:
        model = _build(cls, dtype, **settings).eval()
        with torch.no_grad():
            out = model(images)
    except Exception:
        model, out = _build(cls, dtype, **config).eval(), None
        fresh = cls(**config, dropout=0.0)
        dim, patch = config["embed_dim"], config["num_channels"] * config["patch_size"] ** 2
        keep = {dim * patch, dim * config["num_classes"], dim * (1 + config["num_patches"])}
        with torch.no_grad():
            for p, start in zip(model.parameters(), fresh.parameters(), strict=True):
                norm_weight = p.numel() == dim and bool((start == 1).all())
                if p.numel() not in keep and not norm_weight:
                    p.zero_()
            out = model(images)
    if not _close(out, out[:1].expand_as(out), dtype):
        return ["the logits do not come from the class token's output alone"]
    return []


def _dropout_clauses(cls, config, dtype) -> list[str]:
    """In train mode a share `dropout` of the sums (token + position) is cut off: its gradient is exactly zero."""
    p_size, dim = config["patch_size"], config["embed_dim"]
    x = _images(1, config["num_channels"], 2 * p_size, 2 * p_size, dtype)
    for rate in (0.75, 0.25):
        try:
            model = _build(cls, dtype, dropout=rate, **config).train()
        except Exception:
            return ["raises with dropout"]
        tables = _tables(model, config)
        if not tables:
            return []
        zeros = total = 0
        for _ in range(12):
            out = model(x)
            if not out.requires_grad:
                return []
            grad = torch.autograd.grad((out * torch.randn_like(out)).sum(), tables[0], allow_unused=True)[0]
            if grad is None:
                return []
            part = grad.reshape(-1, dim)[:5]
            zeros, total = zeros + int((part == 0).sum()), total + part.numel()
        if abs(zeros / total - rate) > 0.2:
            return ["dropout does not act on the tokens after the positions are added"]
        model.eval()
        still = _build(cls, dtype, dropout=0.0, **config).eval()
        with torch.no_grad():
            first, second = model(x), model(x)
            if not _close(first, second, dtype):
                return ["dropout acts in eval mode"]
            try:
                still.load_state_dict(model.state_dict())
            except Exception:
                continue
            if not _close(still(x), first, dtype):
                return ["dropout changes the eval mode output"]
    return []


def vision_transformer(cls) -> list[str]:
    """Clauses of the VisionTransformer contract that `cls` breaks; [] for a right class."""
    with quiet():
        return _vision_transformer(cls)


def _vision_transformer(cls) -> list[str]:
    clauses: list[str] = []
    for config in (MAIN, OTHER):
        p, channels = config["patch_size"], config["num_channels"]
        rows_cols = (3, 4) if config is MAIN else (5, 4)
        full = (rows_cols[0] * p, rows_cols[1] * p)
        try:
            cls(**config)
            dtype = torch.float64
            model = _build(cls, dtype, **config).eval()
            try:
                model(_images(2, channels, *full, dtype))
            except RuntimeError:
                dtype = torch.float32
                model = _build(cls, dtype, **config).eval()
            for batch, (h, w) in ((3, full), (1, full), (6, (2 * p, 2 * p)), (2, (2 * p, 3 * p)), (2, (p, p))):
                out = model(_images(batch, channels, h, w, dtype))
                if not isinstance(out, torch.Tensor) or out.shape != (batch, config["num_classes"]):
                    return [*clauses, "the output is not [B, num_classes]"]
                if not out.requires_grad or not bool(torch.isfinite(out).all()):
                    return [*clauses, "the output has no gradient or is not finite"]
        except Exception as error:
            return [*clauses, f"raises {type(error).__name__}"]

        images = _images(5, channels, *full, dtype)
        before = images.clone()
        with torch.no_grad():
            out = model(images)
            alone = torch.cat([model(images[i:i + 1]) for i in range(len(images))])
            again = model(images)
            train = model.train()(images)
            model.eval()
        if not torch.equal(images, before):
            clauses.append("changes its input")
        if not _close(out, again, dtype):
            clauses.append("two eval runs differ")
            return sorted(set(clauses))
        if not _close(out, alone, dtype):
            clauses.append("an image's logits depend on the other images")
        if not _close(out, train, dtype):
            clauses.append("train mode without dropout differs from eval mode")
        try:
            small = _images(3, channels, 2 * p, 2 * p, dtype)
            clauses += _token_clauses(model, images[:3], config, dtype)
            clauses += _token_clauses(model, small, config, dtype)
            clauses += _patch_clauses(model, images[:3], config, dtype)
            many = _images(config["embed_dim"] + 12, channels, *full, dtype)
            clauses += _head_clauses(model, many, config["embed_dim"], config["num_classes"], dtype)
            clauses += _pooling_clauses(cls, config, images[:3], dtype)
            clauses += _depth_clauses(cls, config, images[:2], dtype)
            clauses += _dropout_clauses(cls, config, dtype)
        except Exception as error:
            clauses.append(f"raises {type(error).__name__} in a probe")
        if clauses:
            break
    return sorted(set(clauses))
