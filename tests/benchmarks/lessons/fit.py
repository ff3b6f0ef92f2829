"""Train one model by one recipe, resumably, and measure it: the training loop of all recorded runs."""

import hashlib
import logging
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics.functional.classification import multiclass_accuracy

from helpers import data, training
from helpers.augment import cutmix
from helpers.data import Digits


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    optimizer: "adamw", "muon" (matrices of the blocks by Muon, the rest by AdamW at `lr`), or "sgd" (constant lr, momentum).
    keep, keep_until: share of patch tokens that a models.ViT uses in the first `keep_until` of all steps.
    cutmix: share of the batches that are mixed.  nll: the model returns log-probabilities.
    limit: use the first `limit` training images alone.  eval_batch: images a batch where accuracy is measured; it matters only
    to a model whose answers depend on the other images of the batch.  val_every: epochs from one validation to the next.
    teacher: makes a trained model whose shares at temperature `tau` give half the loss (DeiT's soft distillation).
    """

    epochs: int
    batch_size: int = 128
    lr: float = 4e-3
    weight_decay: float = training.WEIGHT_DECAY
    optimizer: str = "adamw"
    muon_lr: float = 8e-3
    momentum: float = 0.9
    label_smoothing: float = 0.0
    warmup: float = 0.1
    augment: Callable | None = None
    cutmix: float = 0.0
    keep: float = 1.0
    keep_until: float = 0.6
    clip: float = 0.0
    nll: bool = False
    limit: int | None = None
    eval_batch: int = 500
    val_every: int = 1
    teacher: Callable[[], nn.Module] | None = None
    tau: float = 3.0


class Classifier(L.LightningModule):
    """A model and its recipe for Lightning's Trainer."""

    def __init__(self, model: nn.Module, recipe: Recipe, classes: int = 10) -> None:
        super().__init__()
        self.model, self.recipe, self.classes = model, recipe, classes
        self.curve: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_acc": []}
        self.mixing = torch.Generator()
        self.automatic_optimization = recipe.optimizer != "muon"
        self._loss_sum, self._batches = 0.0, 0

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        if self.recipe.nll:
            return F.nll_loss(logits, target)
        return F.cross_entropy(logits, target, label_smoothing=self.recipe.label_smoothing)

    def on_fit_start(self) -> None:
        if self.recipe.teacher is not None:
            self.__dict__["taught_by"] = self.recipe.teacher().to(self.device).eval()  # not a submodule: not trained, not saved

    def on_train_epoch_start(self) -> None:
        self.mixing.manual_seed(self.current_epoch)
        self._loss_sum, self._batches = 0.0, 0

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, y = batch
        recipe = self.recipe
        if recipe.keep < 1:
            done = (self.current_epoch + index / self.trainer.num_training_batches) / self.trainer.max_epochs
            self.model.keep = recipe.keep if done < recipe.keep_until else 1.0
        target = y
        if recipe.cutmix and torch.rand((), generator=self.mixing) < recipe.cutmix:
            x, target = cutmix(x, y, self.classes, self.mixing)
        logits = self.model(x)
        loss = self.loss(logits, target)
        if recipe.teacher is not None:  # half the loss asks for the teacher's shares at temperature tau (Hinton et al. 2015)
            with torch.no_grad():
                wanted = (self.taught_by(x) / recipe.tau).softmax(dim=1)
            loss = 0.5 * loss + 0.5 * recipe.tau**2 * F.cross_entropy(logits / recipe.tau, wanted)
        self._loss_sum += loss.detach()
        self._batches += 1
        if not self.automatic_optimization:
            for optimizer in self.optimizers():
                optimizer.zero_grad()
            self.manual_backward(loss)
            for optimizer in self.optimizers():
                optimizer.step()
            for schedule in self.lr_schedulers():
                schedule.step()
        return loss

    def on_train_epoch_end(self) -> None:
        curve = self.curve
        curve["train_loss"].append(round(float(self._loss_sum) / max(self._batches, 1), 4))
        if curve["val_acc"] and not sys.stderr.isatty() and not len(curve["train_loss"]) % self.recipe.val_every:  # no progress bar: lines for the log
            print(f"epoch {len(curve['train_loss'])}/{self.trainer.max_epochs}: train loss {curve['train_loss'][-1]:.4f}, "
                  f"val loss {curve['val_loss'][-1]:.4f}, val acc {100 * curve['val_acc'][-1]:.2f} %", flush=True)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        self._measure(batch, "val")

    def on_validation_epoch_end(self) -> None:
        for name in ("val_loss", "val_acc"):
            self.curve[name].append(round(float(self.trainer.callback_metrics[name]), 4))

    def test_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        self._measure(batch, "test")

    def _measure(self, batch: tuple[Tensor, Tensor], stage: str) -> None:
        x, y = batch
        logits = self.model(x)
        loss = F.nll_loss(logits, y) if self.recipe.nll else F.cross_entropy(logits, y)
        accuracy = multiclass_accuracy(logits, y, num_classes=self.classes, average="micro")
        self.log_dict({f"{stage}_loss": loss, f"{stage}_acc": accuracy}, on_epoch=True, on_step=False, batch_size=len(y), prog_bar=True)

    def configure_optimizers(self):
        recipe = self.recipe
        if recipe.optimizer == "sgd":
            return torch.optim.SGD(self.model.parameters(), lr=recipe.lr, momentum=recipe.momentum)
        groups = training.parameter_groups(self.model, recipe.weight_decay)
        optimizers = [torch.optim.AdamW(groups, lr=recipe.lr, fused=True)]
        if recipe.optimizer == "muon":
            if not hasattr(torch.optim, "Muon"):
                raise RuntimeError("This row trains with Muon, which torch has since version 2.9: install a newer torch.")
            matrices = [p for block in self.model.blocks for p in block.parameters() if p.ndim == 2 and p.requires_grad]
            taken = {id(p) for p in matrices}
            for group in groups:
                group["params"] = [p for p in group["params"] if id(p) not in taken]
            muon = torch.optim.Muon(matrices, lr=recipe.muon_lr, momentum=0.95, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
            optimizers = [torch.optim.AdamW(groups, lr=recipe.lr, fused=True), muon]
        steps = int(self.trainer.estimated_stepping_batches)
        schedules = [training.warmup_cosine(optimizer, round(recipe.warmup * steps), steps) for optimizer in optimizers]
        return optimizers, [{"scheduler": schedule, "interval": "step"} for schedule in schedules]

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["curve"], checkpoint["draws"] = self.curve, torch.get_rng_state()
        if self.device.type == "cuda":
            checkpoint["cuda_draws"] = torch.cuda.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.curve = checkpoint["curve"]
        torch.set_rng_state(checkpoint["draws"].cpu())
        if "cuda_draws" in checkpoint and torch.cuda.is_available():
            torch.cuda.set_rng_state(checkpoint["cuda_draws"].cpu())


class Clock(L.Callback):
    """Seconds of training steps, augmentation included: processor time on a CPU, time on the wall with a GPU.

    Processor time, because it is the same on a machine that others use at the same time.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.begin = self._now(module)

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, outputs: object, batch: object, index: int) -> None:
        if index + 1 == trainer.num_training_batches:
            self.seconds += self._now(module) - self.begin

    @staticmethod
    def _now(module: L.LightningModule) -> float:
        if module.device.type == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def state_dict(self) -> dict:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.seconds = state["seconds"]


def quiet() -> None:
    """Drop Lightning's banners and hints, which would stand between the user and the result."""
    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)


def precision(device: str) -> str:
    """Half-precision products on a GPU (bfloat16 where it has them), full precision on a CPU, where half is slower."""
    if device != "cuda":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def run_folder(key: str) -> Path:
    """Folder for the checkpoints of an unfinished run."""
    from helpers.mnist_files import cache_folder

    return cache_folder() / "runs" / hashlib.sha256(key.encode()).hexdigest()[:16]


def fit(model: nn.Module, images: Digits, recipe: Recipe, seed: int, device: str, folder: Path | None = None) -> tuple[Classifier, float]:
    """Train a model; return it as a Classifier, with its curve, and the seconds that its training steps took.

    folder: where a checkpoint is kept after every epoch, from which the same call goes on after an interruption; None: nowhere.
    """
    L.seed_everything(seed, verbose=False)
    shared = {"mean": images.mean, "std": images.std, "device": device}
    train = data.batches(images.train, recipe.batch_size, train=True, augment=recipe.augment, seed=seed, limit=recipe.limit, **shared)
    lit, clock = Classifier(model, recipe, len(images.classes)), Clock()
    saving = [] if folder is None else [L.pytorch.callbacks.ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False)]
    trainer = L.Trainer(
        max_epochs=recipe.epochs, accelerator="gpu" if device == "cuda" else "cpu", devices=1, callbacks=[clock, *saving], logger=False,
        enable_checkpointing=bool(saving), enable_model_summary=False, enable_progress_bar=sys.stderr.isatty(), num_sanity_val_steps=0,
        check_val_every_n_epoch=recipe.val_every,
        gradient_clip_val=recipe.clip or None, default_root_dir=folder, precision=precision(device),
    )
    last = folder / "last.ckpt" if folder else None
    trainer.fit(lit, train, data.batches(images.val, recipe.eval_batch, **shared), ckpt_path=last if last and last.is_file() else None)
    return lit, clock.seconds


@torch.no_grad()
def accuracy(model: nn.Module, split: data.Split, images: Digits, device: str, batch_size: int = 500) -> float:
    """Accuracy of a model on a split, in percent."""
    model = model.to(device).eval()
    with torch.autocast(device, enabled=device == "cuda"):
        right = sum((model(x).argmax(dim=1) == y).sum().item() for x, y in data.batches(split, batch_size, mean=images.mean, std=images.std, device=device))
    return 100 * right / len(split)
