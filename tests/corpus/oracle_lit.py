"""Independent oracle for LitViT: which clauses of the contract does a class break?

It trains, validates and tests the student's module for one epoch on a handful of tensors with a real Lightning
Trainer and compares what it returns, logs and optimises with a direct computation on `self.model`.
It knows nothing of helpers.checks; a false alarm is worse than a miss.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F

LIT = dict(embed_dim=12, hidden_dim=16, num_channels=3, num_heads=2, num_layers=1, num_classes=4, patch_size=2,
           num_patches=4, dropout=0.0)
BATCH, STEPS = 6, 4


@contextlib.contextmanager
def quiet(seed: int = 0):
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

    watch = Watch()
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
                         enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
                         callbacks=[watch], log_every_n_steps=1)
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
    with quiet():
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
