"""Epoch time of the original assignment's pipeline against ours, in turn on one machine: python -m tests.benchmarks.pipelines --patch-size 4."""

import argparse
import json
import statistics
import sys

import lightning as L
import torch

from autograder.building.sources import solution_namespace
from helpers import data, training
from tests.benchmarks import record
from tests.benchmarks.mnist import EpochClock, model_kwargs, quiet
from tests.benchmarks.original import OriginalLitViT, loader

TRAINING_DIGITS = 55_000


def seconds(lit: L.LightningModule, batches: object, device: str) -> float:
    """Seconds of one pass over the batches in a Lightning Trainer."""
    clock = EpochClock()
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    trainer.fit(lit, batches)
    return clock.seconds[0]


def compare(patch_size: int, images: int, rounds: int, workers: int, device: str) -> dict:
    """Time both pipelines in turn; medians, as seconds for an epoch of 55,000 digits."""
    digits = data.digits()
    images = min(images, len(digits.train))
    budget = training.budget("gpu", digits.source, patch_size)
    ours = data.batches(
        digits.train, budget.batch_size, mean=digits.mean, std=digits.std, train=True, augment=budget.augment, device=device, limit=images
    )
    theirs = loader(digits, images, workers)
    lit_vit = solution_namespace("lit_vit")
    times: dict[str, list[float]] = {"original": [], "ours": []}
    for turn in range(rounds + 1):
        pair = (
            ("original", seconds(OriginalLitViT(patch_size), theirs, device)),
            ("ours", seconds(lit_vit(model_kwargs(patch_size), budget.lr), ours, device)),
        )
        if turn:  # the first turn warms up
            for name, taken in pair:
                times[name].append(taken * TRAINING_DIGITS / images)
    original, mine = (statistics.median(times[name]) for name in ("original", "ours"))
    return {
        "patch_size": patch_size,
        "original_epoch_seconds": round(original, 2),
        "our_epoch_seconds": round(mine, 2),
        "times_faster": round(original / mine, 2),
        "times_faster_each_round": [round(a / b, 2) for a, b in zip(times["original"], times["ours"])],
        "images_per_round": images,
        "rounds": rounds,
        "workers": workers,
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line: compare once and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patch-size", type=int, default=4, choices=(2, 4, 7, 14))
    parser.add_argument("--images", type=int, default=7680, help="digits in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="worker processes of the original DataLoader")
    parser.add_argument("--record", action="store_true", help="append the result to results.json")
    options = parser.parse_args(arguments)

    quiet()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    result = compare(options.patch_size, options.images, options.rounds, options.workers, device)
    if options.record:
        command = f"python -m tests.benchmarks.pipelines {' '.join(sys.argv[1:] if arguments is None else arguments)}"
        record.append("pipelines", command, result)
    print(json.dumps(result | {"versions": record.versions()}))


if __name__ == "__main__":
    main()
