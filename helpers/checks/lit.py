"""Check of `LitViT`: loss, metrics and optimiser, watched in a real Lightning Trainer.

For loss and metrics the student's `self.model` is replaced by one whose logits are known: its input. For the optimiser,
parameters and gradients are replaced by secret ones before each step, so that the judge knows what the step must be.

What a right class is measured by are answers to secret batches, rates, parameters and gradients: value and slope of the loss,
the metrics, the parameters after each step. The probe's own remarks (module, model, softmaxed, differs, validation.trains, modes, empty, kinds and sizes, error lines,
name, decoupled, missing) only ever name a mistake or make a verdict worse. The step's own settings (lr, betas, eps, decay)
have to explain the step that was seen; only a rate below lr is believed to be a schedule's, from its initial_lr or max_lr.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings

import torch
from torch import nn

from .. import standins
from .run import attempt, beside, describe, generator

EXERCISE = "lit_vit"
CLASSES = 5
BATCH = 8
MODEL = {"embed_dim": 16, "hidden_dim": 24, "num_channels": 1, "num_heads": 2, "num_layers": 1,
         "num_classes": CLASSES, "patch_size": 4, "num_patches": 4, "dropout": 0.0}
STEPS = 4
STAGES = ("train", "val", "test")
NAMES = tuple(f"{stage}_{metric}" for stage in STAGES for metric in ("loss", "acc"))


def inputs(seed: int) -> dict:
    """Two batches a stage: "<stage><k>.images" [8, 1, 8, 8] and ".labels" [8]; the first CLASSES pixels are the secret
    logits. Two learning rates, "rate0" and "rate1".

    About half of the predictions are right, so that accuracies of 0 and 1 do not hide a mistake.
    """
    g = generator(seed, EXERCISE)
    given: dict[str, object] = {}
    for stage in STAGES:
        for k in range(2):
            images = torch.randn(BATCH, 1, 8, 8, generator=g) * 2
            logits = images.flatten(1)[:, :CLASSES]
            right = torch.randint(2, 6, (1,), generator=g).item()
            off = torch.randint(1, CLASSES, (BATCH,), generator=g)
            off[torch.randperm(BATCH, generator=g)[:right]] = 0
            given[f"{stage}{k}.images"], given[f"{stage}{k}.labels"] = images, (logits.argmax(dim=1) + off) % CLASSES
    rates = torch.rand(2, generator=g, dtype=torch.float64)
    given["rate0"], given["rate1"] = 1e-3 + 1e-3 * rates[0].item(), 4e-3 + 2e-3 * rates[1].item()
    return given | {"draw": int(torch.randint(2**31, (1,), generator=g))}  # for parameters and gradients


def batches_of(given: dict) -> dict[str, list[tuple[torch.Tensor, torch.Tensor]]]:
    """The batches by stage, (images, labels) each."""
    return {stage: [(given[f"{stage}{k}.images"], given[f"{stage}{k}.labels"]) for k in range(2)] for stage in STAGES}


def secrets_of(given: dict, run: int, step: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and gradients [count] of one optimiser step: large parameters, so that weight decay shows, and small ones
    in every other step, so that tiny steps do."""
    g = generator(given["draw"], "step", run, step)
    size = 1e-3 if step % 2 else 10.0
    signs = torch.randint(0, 2, (count,), generator=g) * 2.0 - 1
    return signs * size * (1 + torch.rand(count, generator=g)), torch.randn(count, generator=g)


class Batches:
    """A few ready batches as a data loader (Lightning takes a list for several loaders)."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        return iter([x.clone(), y.clone()] for x, y in self.batches)


class Known(nn.Module):
    """A model whose logits are the first pixels of its input, times one learnable number; what else is asked of it, the student's answers.

    Its weights that do nothing are large, so that a penalty on weights shows in the loss.
    modes: stage of the trainer -> the modes that it was called in, True for train.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))
        self.idle = nn.Parameter(torch.full((32, 32), 10.0))
        self.modes: dict[str, set[bool]] = {}
        self.__dict__["replaced"] = model  # no submodule: not trained, not counted
        self.stage = None  # a function: a copy of this model asks the same trainer
        self.train(model.training)

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "replaced" not in self.__dict__:
                raise
            return getattr(self.__dict__["replaced"], name)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.stage is not None:
            self.modes.setdefault(self.stage(), set()).add(self.training)
        return x.flatten(1)[:, :CLASSES] * self.factor + 0 * self.idle.sum()


def probe(cls, given: dict) -> dict:
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
    stages = batches_of(given)
    with _quiet():
        if seen["model"]:
            seen["differs"] = _differs(cls)
            seen["softmaxed"] = _softmaxed(cls, module.model, stages["train"][0][0])
            _metrics(module, stages, seen)
        else:
            value, error = attempt(lambda: module.training_step(stages["train"][0], 0))
            seen["empty"] = error.startswith("NotImplementedError") or (not error and value in (None, ...))
        for k in range(2):
            _, error = attempt(lambda: _optimiser(cls, given, stages["train"], seen, k))
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


def _differs(cls) -> str:
    """In what self.model differs from VisionTransformer(**model_kwargs): "sizes", "dropout", "frozen", or "" where it does not.

    The model of the student's own notebook is asked, right or wrong; where self.model is another class, nothing is asked.
    """
    known, options = beside(cls).get("VisionTransformer"), MODEL | {"num_layers": 2, "dropout": 0.25}
    pair, error = attempt(lambda: (cls(model_kwargs=dict(options), lr=1e-3).model, known(**options)))
    if error or type(pair[0]) is not type(pair[1]) or not isinstance(pair[0], nn.Module):
        return ""
    looks = {"sizes": lambda model: [p.shape for p in model.parameters()], "dropout": lambda model: [m.p for m in model.modules() if isinstance(m, nn.Dropout)],
             "frozen": lambda model: [p.requires_grad for p in model.parameters()]}
    return next((name for name, look in looks.items() if look(pair[0]) != look(pair[1])), "")


def _softmaxed(cls, model, images) -> bool:
    """Whether self.model returns probabilities where VisionTransformer does not (its own softmax costs another stage)."""

    def probabilities(of) -> bool:
        built, error = attempt(of)
        if error or not isinstance(built, nn.Module):
            return False
        mode = built.training
        with torch.no_grad():
            out, error = attempt(lambda: built.eval()(images.clone()))
        built.train(mode)
        fine = not error and isinstance(out, torch.Tensor) and tuple(out.shape) == (len(images), CLASSES)
        return fine and bool((out >= 0).all() and ((out.sum(dim=1) - 1).abs() < 1e-4).all())

    known = beside(cls).get("VisionTransformer")
    return probabilities(lambda: model) and not (known is not None and probabilities(lambda: known(**MODEL)))


def _metrics(module, stages, seen) -> None:
    known = module.model = Known(module.model)
    student = type(module)
    returned: list[dict] = []

    class Watched(student):
        """The student's class, with what training_step returns noted."""

        @functools.wraps(student.training_step)  # Lightning reads from it which arguments are wanted
        def training_step(self, *args, **kwargs):
            value = super().training_step(*args, **kwargs)
            loss = value.get("loss") if isinstance(value, dict) else value
            is_tensor = isinstance(loss, torch.Tensor)
            reached = None
            if is_tensor and loss.requires_grad and loss.numel() == 1:
                reached = torch.autograd.grad(loss, self.model.factor, retain_graph=True, allow_unused=True)[0]
            returned.append({"kind": "tensor" if is_tensor else type(loss).__name__,
                             "size": loss.numel() if is_tensor else 0,
                             "slope": None if reached is None else float(reached),
                             "value": float(loss.detach().float().mean()) if is_tensor else
                             float(loss) if isinstance(loss, (int, float)) else float("nan")})
            if reached is not None:
                return value
            return self.model.factor.sum() * 0.0

        def configure_optimizers(self):  # the student's own is watched with the student's own model
            return torch.optim.AdamW(self.parameters(), lr=1e-6)

    Watched.__name__ = Watched.__qualname__ = student.__name__
    module.__class__ = Watched
    trainer, _ = _trainer(module)
    known.stage = lambda: str(trainer.state.stage.value)
    for stage, run in (("train", lambda: trainer.fit(module, Batches(stages["train"]), Batches(stages["val"]))),
                       ("test", lambda: trainer.test(module, Batches(stages["test"]), verbose=False))):
        error = _try(run)
        seen[f"{stage}.error"] = error
        for name, value in dict(trainer.callback_metrics).items():
            with contextlib.suppress(Exception):
                seen[f"metric.{name}"] = float(value)
    for stage, called, wanted in (("train", "train", True), ("val", "validate", False), ("test", "test", False)):
        seen[f"mode.{stage}"] = wanted in known.modes.get(called, {wanted})
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


def _optimiser(cls, given, batches, seen, k: int) -> None:
    """A few steps of the student's own model and optimiser, from secret parameters along secret gradients."""
    module = cls(model_kwargs=dict(MODEL), lr=given[f"rate{k}"])
    trainer, callback = _trainer(module)
    steps: list[dict[str, torch.Tensor]] = []
    params = [p for p in module.parameters() if p.requires_grad]
    count = sum(p.numel() for p in params)
    kept: list[torch.Tensor] = []

    def split(flat):
        return [part.reshape(p.shape).to(p) for part, p in zip(flat.split([p.numel() for p in params]), params)]

    class Watch(callback):
        def share(self, step):
            """The part of the secret gradients that clipping left, one number; 1 where it is not the same for all."""
            wanted, there = secrets_of(given, k, step, count)[1], [p.grad for p in params]
            if any(grad is None for grad in there):
                return torch.ones((), dtype=torch.float64)
            got = torch.cat([grad.flatten().float() for grad in there])
            part = (got @ wanted / (wanted @ wanted)).double().clamp(0, 1)
            return part if torch.allclose(got, part.float() * wanted, rtol=1e-3, atol=1e-6) else torch.ones((), dtype=torch.float64)

        @torch.no_grad()
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            if len(steps) == STEPS:
                return
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
                seen[f"optimiser{k}.sizes"] = torch.tensor([p.numel() for p in params])
            betas = optimizer.param_groups[0].get("betas", (0.9, 0.999))
            before, grads = secrets_of(given, k, len(steps), count)
            kept[:] = [p.detach().clone() for p in params]
            for p, value, grad in zip(params, split(before), split(grads)):
                p.copy_(value)
                p.grad = grad.clone()
            steps.append({"betas": torch.tensor([float(b) for b in betas][:2], dtype=torch.float64),
                          "lr": spread("lr"), "decay": spread("weight_decay")})

        @torch.no_grad()
        def on_validation_start(self, trainer, pl_module):
            self.found = [p.detach().clone() for p in params]

        @torch.no_grad()
        def on_validation_end(self, trainer, pl_module):
            seen["validation.trains"] = not all(torch.equal(a, b) for a, b in zip(self.found, params))

        @torch.no_grad()
        def on_train_batch_end(self, trainer, pl_module, *args):
            if steps and "after" not in steps[-1]:
                steps[-1]["after"] = torch.cat([p.detach().flatten().float() for p in params])
                steps[-1]["share"] = self.share(len(steps) - 1)
                for p, value in zip(params, kept):
                    p.copy_(value)

    trainer.callbacks.append(Watch())
    error = _try(lambda: trainer.fit(module, Batches(batches * (STEPS // 2)), Batches(batches)))
    seen[f"optimiser{k}.error"] = error
    steps = [step for step in steps if "after" in step]
    seen[f"optimiser{k}.steps"] = len(steps)
    for name in ("betas", "after", "share", "lr", "decay"):
        if steps:
            seen[f"steps{k}.{name}"] = torch.stack([step[name] for step in steps])
