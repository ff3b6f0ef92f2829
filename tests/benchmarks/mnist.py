"""Train the solution's model on MNIST and print its test accuracy: python -m tests.benchmarks.mnist --patch-size 4 --epochs 10 --seed 0."""

import argparse
import json
import logging
import sys
import tempfile
import time
import warnings

import lightning as L
import torch

from autograder.building.sources import solution_namespace
from helpers import data, training
from tests.benchmarks import record


class EpochClock(L.Callback):
    """Seconds from the first to the last training step of every epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_epoch_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        self.begin = self._now(module)

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, outputs: object, batch: object, index: int) -> None:
        if index + 1 == trainer.num_training_batches:
            self.seconds.append(self._now(module) - self.begin)

    @staticmethod
    def _now(module: L.LightningModule) -> float:
        if module.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def quiet() -> None:
    """Drop Lightning's banners and hints, which would stand between the user and the result."""
    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)


def model_kwargs(patch_size: int) -> dict[str, int | float]:
    """The course's model for 28 x 28 digits: 105,482 parameters at patch size 4."""
    return {
        "embed_dim": 64,
        "hidden_dim": 128,
        "num_channels": 1,
        "num_heads": 4,
        "num_layers": 3,
        "num_classes": 10,
        "patch_size": patch_size,
        "num_patches": (28 // patch_size) ** 2,
        "dropout": 0.0,
    }


def measure(budget: training.Budget, patch_size: int, seed: int, device: str, folder: str) -> dict:
    """Train with a budget and return validation and test accuracy of the last weights, and the cost."""
    L.seed_everything(seed)
    digits = data.digits()
    shared = {"mean": digits.mean, "std": digits.std, "device": device}
    train = data.batches(digits.train, budget.batch_size, train=True, augment=budget.augment, seed=seed, limit=budget.limit, **shared)
    val, test = data.batches(digits.val, 500, **shared), data.batches(digits.test, 500, **shared)
    lit = solution_namespace("lit_vit")(model_kwargs(patch_size), budget.lr)
    clock = EpochClock()
    trainer = L.Trainer(
        max_epochs=budget.epochs,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        callbacks=[clock],
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=sys.stderr.isatty(),
    )
    trainer.fit(lit, train)
    result = {
        "test_accuracy": trainer.test(lit, test, verbose=False)[0]["test_acc"],
        "val_accuracy": trainer.validate(lit, val, verbose=False)[0]["val_acc"],
        "parameters": sum(parameter.numel() for parameter in lit.model.parameters()),
        "epochs": budget.epochs,
        "epoch_seconds": round(sum(clock.seconds) / len(clock.seconds), 2),
        "patch_size": patch_size,
        "seed": seed,
        "data": digits.source,
        "batch_size": budget.batch_size,
        "lr": budget.lr,
        "augment": repr(budget.augment),
    }
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in result.items()}


def main(arguments: list[str] | None = None) -> None:
    """Command line: train once and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patch-size", type=int, default=4, choices=(2, 4, 7, 14))
    parser.add_argument("--epochs", type=int, help="default: the profile's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", choices=("smoke", "cpu", "gpu"), default="gpu", help="budget to take the recipe from")
    parser.add_argument("--record", action="store_true", help="append the result to results.json")
    options = parser.parse_args(arguments)

    quiet()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    budget = training.budget(options.profile, data.digits().source, options.patch_size, options.epochs)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(budget, options.patch_size, options.seed, device, folder)
    result |= {"device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "versions": record.versions()}
    if options.record:
        command = f"python -m tests.benchmarks.mnist {' '.join(sys.argv[1:] if arguments is None else arguments)}"
        record.append("mnist", command, {name: value for name, value in result.items() if name != "versions"})
    print(json.dumps(result))


if __name__ == "__main__":
    main()
