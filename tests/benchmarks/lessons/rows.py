"""A row of the results: what is trained on what, how, and the command line that measures and records it."""

import argparse
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from helpers import data
from helpers.data import Digits
from helpers.profiles import profile
from tests.benchmarks.lessons import fit, record
from tests.benchmarks.lessons.fit import Recipe


@dataclass(frozen=True)
class Row:
    """One configuration of a lesson.

    name: unique in its lesson.  dataset: name of the data where nobody has measured yet.  model: in words.
    build: makes the untrained model; images: loads the data.  published, target: percent.  note: what a reader should know.
    reproduces: it is trained as the published model was, as far as that was stated.
    gpu: the row is meant for a GPU; on a CPU it would take hours.  measure: replaces the usual training and measuring;
    (row, images, seed, device) -> {"model": nn.Module, "seconds": float, "curve": dict}, and
    "val_accuracy" and "accuracy" where it has measured them itself.
    """

    name: str
    dataset: str
    model: str
    build: Callable[[], nn.Module]
    recipe: Recipe
    images: Callable[[], Digits]
    published: float | None = None
    target: float | None = None
    note: str = ""
    reproduces: bool = False
    gpu: bool = False
    seeds: tuple[int, ...] = (0, 1, 2)
    measure: Callable[["Row", Digits, int, str], dict] | None = field(default=None, compare=False)


def command(lesson: str, row: Row) -> str:
    """The command that measures and records a row with all its seeds."""
    module = lesson.split("_", 1)[1]
    return f"python -m tests.benchmarks.lessons.{module} --row {row.name} --seed {' '.join(map(str, row.seeds))} --record"


def smoke(row: Row) -> Row:
    """The row with a training of seconds, which only shows that it runs."""
    return replace(row, recipe=replace(row.recipe, epochs=1, val_every=1, limit=64, batch_size=min(row.recipe.batch_size, 32)))


def measure(lesson: str, row: Row, seed: int, device: str) -> dict:
    """Train a row with one seed and measure it; an interrupted run goes on after its last whole epoch. Returns what record.add wants.

    The weights of the last epoch are measured: on the validation data, and once on the test data.
    """
    images = row.images()
    folder = None
    if row.measure is not None:
        done = row.measure(row, images, seed, device)
        model, seconds, curve = done["model"], done["seconds"], done["curve"]
        found = {name: done[name] for name in ("val_accuracy", "accuracy") if name in done}
    else:
        torch.manual_seed(seed)
        model = row.build()
        folder = fit.run_folder(f"{lesson} {row.name} {seed} {row.recipe} {images.source} {torch.__version__}") if profile() != "smoke" else None
        lit, seconds = fit.fit(model, images, row.recipe, seed, device, folder)
        curve, found = lit.curve, {}
    for name, split in (("val_accuracy", images.val), ("accuracy", images.test)):
        if name not in found:
            found[name] = fit.accuracy(model, split, images, device, row.recipe.eval_batch)
    result = {
        "dataset": images.source,
        "model": row.model,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "epochs": row.recipe.epochs,
        "seed": seed,
        **found,
        "seconds": round(seconds, 1),
        "device": record.device(device),
        "versions": record.versions(),
        "command": command(lesson, row),
        "published": row.published,
        "target": row.target,
        "note": row.note,
        "reproduces": row.reproduces,
        "curve": curve,
    }
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def declare(lesson: str, rows: tuple[Row, ...], path: Path = record.RESULTS) -> None:
    """Write the rows that are not in results.json yet, as not measured, and renew the words of those that are."""
    for row in rows:
        record.declare(
            f"{lesson}/{row.name}", row.dataset, row.model, command(lesson, row), epochs=row.recipe.epochs, published=row.published, target=row.target, note=row.note,
            reproduces=row.reproduces, path=path,
        )


def main(lesson: str, rows: tuple[Row, ...], arguments: list[str] | None = None) -> None:
    """Command line of a lesson: measure a row with one seed or more, and print one JSON object a seed as the last lines."""
    named = {row.name: row for row in rows}
    parser = argparse.ArgumentParser(description=f"The recorded runs of lesson {lesson}.")
    parser.add_argument("--row", choices=sorted(named), help="the configuration to measure; without it the rows are listed")
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    parser.add_argument("--record", action="store_true", help="write the result to solutions/results.json")
    options = parser.parse_args(arguments)
    if not options.row:
        for row in rows:
            print(f"{row.name:24} {row.dataset:22} {row.recipe.epochs:3} epochs  {row.model}{'  (GPU)' if row.gpu else ''}")
        return
    row = named[options.row]
    if profile() == "smoke":
        if options.record:
            parser.error("a run of the smoke profile is no result: unset VIT_PROFILE or set it to cpu or gpu.")
        row = smoke(row)
    fit.quiet()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for seed in options.seed:
        try:
            result = measure(lesson, row, seed, device)
        except data.DataError as error:
            raise SystemExit(f"{lesson}/{row.name}: {error}") from None
        if options.record:
            record.add(f"{lesson}/{row.name}", result)
        print(json.dumps({name: value for name, value in result.items() if name not in ("versions", "curve", "note", "reproduces")}), flush=True)
