"""Independent oracle for VisionTransformer and LitViT: which clauses of the contract does a class break?

It knows nothing of helpers.checks. It judges automatic mutants of correct code, so a false alarm is worse than a
miss: every clause is decided by an exact property (an invariance, a gradient mask, a rank), in float64, with all
parameters set to random values, and a property that cannot be measured is passed over.

Each function runs in a second or two, leaves the global random state as it was and returns [] for right code.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

MAIN = dict(embed_dim=16, hidden_dim=20, num_channels=3, num_heads=2, num_layers=3, num_classes=5, patch_size=4,
            num_patches=12)
OTHER = dict(embed_dim=24, hidden_dim=40, num_channels=1, num_heads=3, num_layers=2, num_classes=7, patch_size=2,
             num_patches=20)


@contextlib.contextmanager
def _quiet(seed: int = 0):
    """Silence prints, warnings and Lightning's log; keep the caller's random state."""
    noisy = [logging.getLogger(n) for n in ("lightning", "lightning.pytorch", "pytorch_lightning", "lightning.fabric",
                                            "lightning.pytorch.utilities.rank_zero", "lightning_fabric")]
    levels = [log.level for log in noisy]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), \
            contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for log in noisy:
            log.setLevel(logging.CRITICAL)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            for log, level in zip(noisy, levels, strict=True):
                log.setLevel(level)


# ---------------------------------------------------------------- VisionTransformer

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
    with _quiet():
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


# ---------------------------------------------------------------- LitViT

LIT = dict(embed_dim=12, hidden_dim=16, num_channels=3, num_heads=2, num_layers=1, num_classes=4, patch_size=2,
           num_patches=4, dropout=0.0)
BATCH, STEPS = 6, 4


def _lightning_of(cls):
    """The package (lightning.pytorch or pytorch_lightning) that the class inherits from."""
    names = {base.__module__.split(".")[0] for base in cls.__mro__ if base.__name__ == "LightningModule"}
    if "pytorch_lightning" in names:
        import pytorch_lightning
        return pytorch_lightning
    if "lightning" in names:
        import lightning.pytorch
        return lightning.pytorch
    return None


def _reference(model, batch):
    x, y = batch
    with torch.no_grad():
        logits = model(x)
    return float(F.cross_entropy(logits, y)), float((logits.argmax(-1) == y).double().mean())


def _batches(seed, model, steps):
    """Images and labels: about half of the labels are what the model says, so that accuracy is neither 0 nor 1."""
    gen = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH * steps, 3, 4, 4, generator=gen)
    with torch.no_grad():
        guess = model(x).argmax(-1)
    y = torch.randint(0, 4, (len(x),), generator=gen)
    keep = torch.rand(len(x), generator=gen) < 0.5
    data = torch.utils.data.TensorDataset(x, torch.where(keep, guess, y))
    return torch.utils.data.DataLoader(data, batch_size=BATCH)


def _optimizer_clauses(lit, optimizers, lr) -> list[str]:
    clauses = []
    held = {id(p) for opt in optimizers for group in opt.param_groups for p in group["params"]}
    if any(id(p) not in held for p in lit.parameters()):
        clauses.append("the optimizer does not hold all parameters")
    for opt in optimizers:
        adam = isinstance(opt, torch.optim.Adam)
        decoupled = isinstance(opt, torch.optim.AdamW) or (
            adam and all(g.get("decoupled_weight_decay", False) for g in opt.param_groups))
        if not decoupled:
            clauses.append("the optimizer is not AdamW")
        values = {opt.defaults.get("lr")}
        for group in opt.param_groups:
            values |= {group.get("lr"), group.get("initial_lr"), group.get("max_lr")}
        if not any(v is not None and abs(float(v) - lr) < 1e-9 for v in values):
            clauses.append("the learning rate is not lr")
    return clauses


def _has(values, wanted):
    return any(abs(v - w) < 2e-5 * (1 + abs(w)) for v in values for w in wanted)


def _one_run(cls, pl, lr) -> list[str]:
    clauses: list[str] = []
    torch.manual_seed(3)
    lit = cls(dict(LIT), lr)
    if not isinstance(getattr(lit, "model", None), nn.Module):
        return ["self.model is no module"]
    torch.manual_seed(4)
    with torch.no_grad():
        for p in lit.model.parameters():
            p.add_(0.5 * torch.randn(p.shape))
    lit.model.eval()
    loaders = [_batches(seed, lit.model, n) for seed, n in ((10, STEPS), (11, 2), (12, 3))]
    lit.model.train()
    seen = dict(loss=[], acc=[], metrics={}, groups=[])
    original = lit.training_step

    def watched(batch, *args, **kwargs):
        loss, acc = _reference(lit.model, batch)
        out = original(batch, *args, **kwargs)
        value = out.get("loss") if isinstance(out, dict) else out
        if not isinstance(value, torch.Tensor) or not value.requires_grad:
            clauses.append("training_step returns no loss with gradient")
        elif value.numel() != 1 or abs(float(value) - loss) > 2e-5 * (1 + abs(loss)):
            clauses.append("training_step does not return the mean cross-entropy")
        else:
            params = list(lit.model.parameters())
            wanted = torch.autograd.grad(F.cross_entropy(lit.model(batch[0]), batch[1]), params, allow_unused=True)
            got = torch.autograd.grad(value.reshape(()), params, retain_graph=True, allow_unused=True)
            for a, b in zip(wanted, got, strict=True):
                a, b = (torch.zeros(()) if g is None else g for g in (a, b))
                if not torch.allclose(a, b, rtol=1e-3, atol=1e-5):
                    clauses.append("the loss has another gradient than the mean cross-entropy")
                    break
        seen["loss"].append(loss)
        seen["acc"].append(acc)
        return out

    lit.training_step = watched

    class Watch(pl.Callback):
        def note(self, trainer):
            for name, value in trainer.callback_metrics.items():
                seen["metrics"].setdefault(name, []).append(float(value))

        def on_train_start(self, trainer, module):
            clauses.extend(_optimizer_clauses(module, trainer.optimizers, lr))

        def on_train_batch_end(self, trainer, module, *_):
            self.note(trainer)
            seen["groups"].append([g["lr"] for opt in trainer.optimizers for g in opt.param_groups])

    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
                         enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
                         callbacks=[Watch()], log_every_n_steps=1)
    watch = trainer.callbacks[0] if isinstance(trainer.callbacks[0], Watch) else \
        next(c for c in trainer.callbacks if isinstance(c, Watch))
    start = [p.detach().clone() for p in lit.model.parameters()]
    trainer.fit(lit, loaders[0], loaders[1])
    watch.note(trainer)
    rates = seen["groups"]
    if rates and any(r > 0 for step in rates for r in step) and \
            all(torch.equal(a, b) for a, b in zip(start, lit.model.parameters(), strict=True)):
        clauses.append("training does not change the model")
    trainer.test(lit, loaders[2], verbose=False)
    watch.note(trainer)

    lit.model.eval()
    found = seen["metrics"]
    for name in ("train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc"):
        if name not in found:
            clauses.append(f"{name} is not logged")
            continue
        stage, what = name.split("_")
        if stage == "train":
            values = seen[what]
            # the value of any step, the running mean or the epoch's mean are all fair
            wanted = values + [sum(values[:n]) / n for n in range(1, len(values) + 1)]
            if not all(_has([v], wanted) for v in found[name]):
                clauses.append(f"{name} is wrong")
        else:
            both = [_reference(lit.model, b)[0 if what == "loss" else 1] for b in loaders[1 if stage == "val" else 2]]
            if not _has(found[name][-1:], [sum(both) / len(both)]):
                clauses.append(f"{name} is wrong")
    clauses.append(("rates", [r for step in rates for r in step]))
    return clauses


def lit_vit(cls) -> list[str]:
    """Clauses of the LitViT contract that `cls` breaks, seen in two runs of one epoch; [] for a right class."""
    with _quiet():
        pl = _lightning_of(cls) if isinstance(cls, type) else None
        if pl is None:
            return ["not a LightningModule"]
        clauses, rates = [], []
        for lr in (1.25e-3, 2.5e-3):
            try:
                for clause in _one_run(cls, pl, lr):
                    if isinstance(clause, tuple):
                        rates.append(clause[1])
                    else:
                        clauses.append(clause)
            except (Exception, SystemExit) as error:
                clauses.append(f"raises {type(error).__name__}")
            if clauses:
                break
        if len(rates) == 2 and not clauses:
            if any(abs(2 * a - b) > 1e-6 + 0.02 * abs(b) for a, b in zip(*rates, strict=True)):
                clauses.append("the learning rate does not follow lr")
        return sorted(set(clauses))
