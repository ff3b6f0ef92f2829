"""All rows of lessons 05-09: python -m tests.benchmarks.lessons lists them; --declare, --missing and --run work through them."""

import argparse
import importlib
import os
import subprocess
import sys

from tests.benchmarks.lessons import record
from tests.benchmarks.lessons.rows import Row, declare

LESSONS = ("bug_hunt", "cnn_vs_vit", "patch_size", "transfer", "cifar10")


def lessons() -> list[tuple[str, str, tuple[Row, ...]]]:
    """(module, lesson, rows) of every lesson."""
    modules = [(name, importlib.import_module(f"tests.benchmarks.lessons.{name}")) for name in LESSONS]
    return [(name, module.LESSON, module.ROWS) for name, module in modules]


def missing(gpu: bool = False) -> list[tuple[str, str, int]]:
    """(module, row, seed) of every run that results.json lacks; the first seed of all rows before the second of any."""
    known = {row["row"]: row["seeds"] for row in record.read()}
    found = [
        (place, name, row.name, seed)
        for name, lesson, rows in lessons()
        for row in rows
        for place, seed in enumerate(row.seeds)
        if seed not in known.get(f"{lesson}/{row.name}", []) and row.gpu == gpu
    ]
    return [entry[1:] for entry in sorted(found, key=lambda entry: entry[0])]


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--declare", action="store_true", help="write the rows that nobody has measured to results.json, as not measured")
    parser.add_argument("--missing", action="store_true", help="print the commands of the runs that results.json lacks")
    parser.add_argument("--run", action="store_true", help="run them, one after another; Ctrl-C and the same command again goes on")
    parser.add_argument("--gpu", action="store_true", help="those that are meant for a GPU, in place of the others")
    options = parser.parse_args(arguments)
    if options.declare:
        for _, lesson, rows in lessons():
            declare(lesson, rows)
    commands = [f"-m tests.benchmarks.lessons.{name} --row {row} --seed {seed} --record" for name, row, seed in missing(options.gpu)]
    if options.missing:
        print("\n".join(f"python {command}" for command in commands))
    elif options.run:
        for command in commands:
            print(f"python {command}", flush=True)
            subprocess.run([sys.executable, *command.split()], env=dict(os.environ), check=False)
    elif not options.declare:
        for row in record.read():
            mean = "not measured" if row["accuracy_mean"] is None else f"{row['accuracy_mean']:.2f} %"
            print(f"{row['row']:34} {mean:14} target {row['target'] or '-':>5}  published {row['published'] or '-':>5}  seeds {row['seeds']}")


if __name__ == "__main__":
    main()
