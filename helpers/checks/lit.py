"""Check of `LitViT`: loss, metrics and optimiser, watched in a real Lightning Trainer.

For loss and metrics the student's `self.model` is replaced by one whose logits are known: its input.
"""

from __future__ import annotations

import contextlib
import logging
import warnings

import torch
from torch import nn

from .. import standins
from .run import attempt, describe, generator

EXERCISE = "lit_vit"
CLASSES = 5
BATCH = 8
MODEL = {"embed_dim": 16, "hidden_dim": 24, "num_channels": 1, "num_heads": 2, "num_layers": 1,
         "num_classes": CLASSES, "patch_size": 4, "num_patches": 4, "dropout": 0.0}
RATES = (2e-3, 5e-3)
STAGES = ("train", "val", "test")
NAMES = tuple(f"{stage}_{metric}" for stage in STAGES for metric in ("loss", "acc"))


def inputs(seed: int) -> dict[str, list[tuple[torch.Tensor, torch.Tensor]]]:
    """Two batches (images [8, 1, 8, 8], labels [8]) a stage; the first CLASSES pixels are the secret logits.

    About half of the predictions are right, so that accuracies of 0 and 1 do not hide a mistake.
    """
    g = generator(seed, EXERCISE)
    stages = {}
    for stage in STAGES:
        batches = []
        for _ in range(2):
            images = torch.randn(BATCH, 1, 8, 8, generator=g) * 2
            logits = images.flatten(1)[:, :CLASSES]
            right = torch.randint(2, 6, (1,), generator=g).item()
            off = torch.randint(1, CLASSES, (BATCH,), generator=g)
            off[torch.randperm(BATCH, generator=g)[:right]] = 0
            batches.append((images, (logits.argmax(dim=1) + off) % CLASSES))
        stages[stage] = batches
    return stages


class Batches:
    """A few ready batches as a data loader (Lightning takes a list for several loaders)."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        return iter([x.clone(), y.clone()] for x, y in self.batches)


class Known(nn.Module):
    """A model whose logits are the first pixels of its input, times one learnable number."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :CLASSES] * self.factor


def probe(cls, seed: int) -> dict:
    """Train the student's LightningModule for a few steps and watch; plain tensors and numbers come back."""
    seen: dict[str, object] = {}
    used = standins.count(EXERCISE)
    module, error = attempt(lambda: cls(model_kwargs=dict(MODEL), lr=1e-6))
    seen["build.error"] = error
    seen["standin"] = standins.count(EXERCISE) > used
    if error:
        return seen
    seen["module"] = isinstance(module, nn.Module) and hasattr(module, "training_step")
    if not seen["module"]:
        return seen
    seen["model"] = isinstance(getattr(module, "model", None), nn.Module)
    own = [base for base in type(module).__mro__ if "training_step" in vars(base)]
    seen["empty"] = bool(own) and own[0].__module__.split(".")[0] in ("lightning", "pytorch_lightning")
    with _quiet():
        if seen["model"]:
            _metrics(module, inputs(seed), seen)
        else:
            value, error = attempt(lambda: module.training_step(inputs(seed)["train"][0], 0))
            seen["empty"] = error.startswith("NotImplementedError") or (not error and value in (None, ...))
        for k, rate in enumerate(RATES):
            _, error = attempt(lambda: _optimiser(cls, rate, inputs(seed)["train"], seen, k))
            seen[f"optimiser.error{k}"] = error
    seen["standin"] = standins.count(EXERCISE) > used
    return seen


@contextlib.contextmanager
def _quiet():
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "pytorch_lightning", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


def _trainer(module, **options):
    """A Trainer of the package that the student's class comes from."""
    if any(base.__module__.startswith("pytorch_lightning") for base in type(module).__mro__):
        import pytorch_lightning as package
    else:
        import lightning.pytorch as package
    defaults = {"accelerator": "cpu", "devices": 1, "max_epochs": 1, "logger": False, "enable_checkpointing": False,
                "enable_progress_bar": False, "enable_model_summary": False, "num_sanity_val_steps": 0}
    return package.Trainer(**(defaults | options)), package.Callback


def _metrics(module, stages, seen) -> None:
    module.model = Known()
    student = type(module)
    returned: list[dict] = []

    class Watched(student):
        """The student's class, with what training_step returns noted."""

        def training_step(self, *args, **kwargs):
            value = super().training_step(*args, **kwargs)
            loss = value.get("loss") if isinstance(value, dict) else value
            is_tensor = isinstance(loss, torch.Tensor)
            grad = bool(is_tensor and loss.requires_grad)
            if grad and loss.numel() == 1:
                reached = torch.autograd.grad(loss, self.model.factor, retain_graph=True, allow_unused=True)[0]
                grad = reached is not None
            returned.append({"kind": "tensor" if is_tensor else type(loss).__name__,
                             "size": loss.numel() if is_tensor else 0,
                             "grad": grad,
                             "value": float(loss.detach().float().mean()) if is_tensor else
                             float(loss) if isinstance(loss, (int, float)) else float("nan")})
            if grad and loss.numel() == 1:
                return value
            return self.model.factor.sum() * 0.0

        def configure_optimizers(self):  # the student's own is watched with the student's own model
            return torch.optim.AdamW(self.parameters(), lr=1e-6)

    Watched.__name__ = Watched.__qualname__ = student.__name__
    module.__class__ = Watched
    trainer, _ = _trainer(module)
    for stage, run in (("train", lambda: trainer.fit(module, Batches(stages["train"]), Batches(stages["val"]))),
                       ("test", lambda: trainer.test(module, Batches(stages["test"]), verbose=False))):
        error = _try(run)
        seen[f"{stage}.error"] = error
        for name, value in dict(trainer.callback_metrics).items():
            with contextlib.suppress(Exception):
                seen[f"metric.{name}"] = float(value)
    for k, entry in enumerate(returned[:2]):
        for key, value in entry.items():
            seen[f"loss{k}.{key}"] = value


def _try(run) -> str:
    """Like attempt, for a Trainer: it turns KeyboardInterrupt into SystemExit."""
    try:
        run()
        return ""
    except Exception as error:  # noqa: BLE001
        return describe(error)
    except SystemExit as error:
        return describe(error)


def _optimiser(cls, rate: float, batches, seen, k: int) -> None:
    """A few real steps of the student's own model: parameters, gradients and rates of every step."""
    module = cls(model_kwargs=dict(MODEL), lr=rate)
    trainer, callback = _trainer(module)
    steps: list[dict[str, torch.Tensor]] = []
    params = [p for p in module.parameters() if p.requires_grad]

    def flat(tensors):
        return torch.cat([t.detach().float().flatten() for t in tensors])

    class Watch(callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            where = {id(p): group for group in optimizer.param_groups for p in group["params"]}

            def spread(key):
                values = [float(where[id(p)].get(key, 0.0) or 0.0) if id(p) in where else float("nan") for p in params]
                return torch.cat([torch.full((p.numel(),), v, dtype=torch.float64) for p, v in zip(params, values)])

            if not steps:
                kind = type(optimizer)
                decoupled = issubclass(kind, torch.optim.AdamW) or any(
                    bool(group.get("decoupled_weight_decay")) for group in optimizer.param_groups)
                seen[f"optimiser{k}.name"] = kind.__name__
                seen[f"optimiser{k}.decoupled"] = decoupled
                seen[f"optimiser{k}.missing"] = sum(p.numel() for p in params if id(p) not in where)
                seen[f"optimiser{k}.rates"] = torch.tensor([
                    [float(g["lr"]), float(g.get("initial_lr", g["lr"])), float(g.get("max_lr", 0.0))]
                    for g in optimizer.param_groups], dtype=torch.float64)
                seen[f"optimiser{k}.eps"] = float(optimizer.param_groups[0].get("eps", 1e-8))
                seen[f"optimiser{k}.amsgrad"] = bool(optimizer.param_groups[0].get("amsgrad", False))
            betas = optimizer.param_groups[0].get("betas", (0.9, 0.999))
            steps.append({"betas": torch.tensor([float(b) for b in betas][:2], dtype=torch.float64),
                          "before": flat(params).double(), "lr": spread("lr"), "decay": spread("weight_decay"),
                          "grad": flat([torch.zeros_like(p) if p.grad is None else p.grad for p in params]).double()})

        def on_train_batch_end(self, trainer, pl_module, *args):
            if steps and "after" not in steps[-1]:
                steps[-1]["after"] = flat(params).double()

    trainer.callbacks.append(Watch())
    error = _try(lambda: trainer.fit(module, Batches(batches * 2), Batches(batches)))
    seen[f"optimiser{k}.error"] = error
    steps = [step for step in steps if "after" in step]
    seen[f"optimiser{k}.steps"] = len(steps)
    if k == 0:
        for name in ("betas", "before", "after", "grad", "lr", "decay"):
            if steps:
                seen[f"steps.{name}"] = torch.stack([step[name] for step in steps])
