"""Check of `LitViT`: loss, metrics and optimiser, watched in a real Lightning Trainer.

For loss and metrics the student's `self.model` is replaced by one whose logits are known: its input. For the optimiser,
parameters and gradients are replaced by secret ones before each step, so that the judge knows what the step must be.

What a right class is measured by are answers to secret batches, rates, parameters and gradients: value and slope of the loss,
the metrics, the parameters after each step. The probe's own remarks (module, model, softmaxed, differs, validation.trains, modes, empty, kinds and sizes, error lines,
name, decoupled, missing, still) only ever name a mistake or make a verdict worse. The step's own settings (lr, betas, eps, decay)
have to explain the step that was seen; only a rate below lr is believed to be a schedule's, from its initial_lr or max_lr.
"""

from __future__ import annotations

import contextlib
import functools

import torch
from torch import nn

from .. import standins
from .lit_steps import watch_steps
from .lit_trainer import CLASSES, MODEL, Batches, quiet, tried, trainer_for
from .run import attempt, beside, generator

EXERCISE = "lit_vit"
BATCH = 32
STAGES = ("train", "val", "test")
NAMES = tuple(f"{stage}_{metric}" for stage in STAGES for metric in ("loss", "acc"))


def inputs(seed: int) -> dict:
    """Two batches a stage, four for the two epochs of "train" and "val": "<stage><k>.images" [32, 1, 8, 8] and ".labels" [32];
    the first CLASSES pixels are the secret logits. Two learning rates, "rate0" and "rate1".

    About half of the predictions are right, so that accuracies of 0 and 1 do not hide a mistake, and not as many in any two
    batches of a stage, so that one of them alone is not their mean. The second epoch is worse, so that it is not the best.
    """
    g = generator(seed, EXERCISE)
    given: dict[str, object] = {}
    for stage in STAGES:
        rights = BATCH // 4 + torch.randperm(BATCH // 2, generator=g)[:4].sort(descending=True).values
        rights = torch.cat([pair[torch.randperm(2, generator=g)] for pair in rights.split(2)])
        for k in range(2 if stage == "test" else 4):
            images = torch.randn(BATCH, 1, 8, 8, generator=g) * 2
            logits = images.flatten(1)[:, :CLASSES]
            off = torch.randint(1, CLASSES, (BATCH,), generator=g)
            off[torch.randperm(BATCH, generator=g)[:rights[k]]] = 0
            given[f"{stage}{k}.images"], given[f"{stage}{k}.labels"] = images, (logits.argmax(dim=1) + off) % CLASSES
    rates = torch.rand(2, generator=g, dtype=torch.float64)
    given["rate0"], given["rate1"] = 1e-3 + 1e-3 * rates[0].item(), 4e-3 + 2e-3 * rates[1].item()
    return given | {"draw": int(torch.randint(2**31, (1,), generator=g))}  # for parameters and gradients


def batches_of(given: dict) -> dict[str, list[tuple[torch.Tensor, torch.Tensor]]]:
    """The batches by stage, (images, labels) each; "train" and "val" are those of the first epoch, "train again" and "val again" of the second."""
    def pair(stage, start=0):
        return [(given[f"{stage}{k}.images"], given[f"{stage}{k}.labels"]) for k in (start, start + 1)]

    return {stage: pair(stage) for stage in STAGES} | {f"{stage} again": pair(stage, 2) for stage in ("train", "val")}


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
    with quiet():
        if seen["model"]:
            seen["differs"] = _differs(cls)
            seen["softmaxed"] = _softmaxed(cls, module.model, stages["train"][0][0])
            _metrics(module, stages, seen)
        else:
            value, error = attempt(lambda: module.training_step(stages["train"][0], 0))
            seen["empty"] = error.startswith("NotImplementedError") or (not error and value in (None, ...))
        for k in range(2):
            _, error = attempt(lambda: watch_steps(cls, given, stages["train"], seen, k))
            seen[f"optimiser.error{k}"] = error
    seen["standin"] = standins.count(EXERCISE) > used
    return seen


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
    by_hand: list[torch.Tensor] = []

    class Watched(student):
        """The student's class, with what training_step returns noted."""

        @functools.wraps(student.training_step)  # Lightning reads from it which arguments are wanted
        def training_step(self, *args, **kwargs):
            value = super().training_step(*args, **kwargs)
            loss = value.get("loss") if isinstance(value, dict) else value
            is_tensor = isinstance(loss, torch.Tensor)
            reached = None
            if by_hand and not self.automatic_optimization:  # its graph is used up
                reached = by_hand.pop()
            elif is_tensor and loss.requires_grad and loss.numel() == 1:
                reached = torch.autograd.grad(loss, self.model.factor, retain_graph=True, allow_unused=True)[0]
            returned.append({"kind": "tensor" if is_tensor else type(loss).__name__,
                             "size": loss.numel() if is_tensor else 0,
                             "slope": None if reached is None else float(reached),
                             "value": float(loss.detach().float().mean()) if is_tensor else
                             float(loss) if isinstance(loss, (int, float)) else float("nan")})
            if reached is not None:
                return value
            return self.model.factor.sum() * 0.0

        def manual_backward(self, loss, *args, **kwargs):
            slope = torch.autograd.grad(loss, self.model.factor, retain_graph=True, allow_unused=True)[0]
            by_hand[:] = [] if slope is None else [slope]
            super().manual_backward(loss, *args, **kwargs)

        def configure_optimizers(self):  # the student's own is watched with the student's own model
            return torch.optim.AdamW(self.parameters(), lr=1e-6)

    Watched.__name__ = Watched.__qualname__ = student.__name__
    module.__class__ = Watched
    trainer, _ = trainer_for(module, max_epochs=2)
    known.stage = lambda: str(trainer.state.stage.value)
    for stage, run in (("train", lambda: trainer.fit(module, *(Batches(stages[name], stages[f"{name} again"], trainer=trainer) for name in ("train", "val")))),
                       ("test", lambda: trainer.test(module, Batches(stages["test"]), verbose=False))):
        error = tried(run)
        seen[f"{stage}.error"] = error
        for name, value in dict(trainer.callback_metrics).items():
            with contextlib.suppress(Exception):
                seen[f"metric.{name}"] = float(value)
    for stage, called, wanted in (("train", "train", True), ("val", "validate", False), ("test", "test", False)):
        seen[f"mode.{stage}"] = wanted in known.modes.get(called, {wanted})
    for k, entry in enumerate(returned[:2]):
        for key, value in entry.items():
            seen[f"loss{k}.{key}"] = value
