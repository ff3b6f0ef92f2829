"""How often chance decides: every corpus cell is checked for many secret inputs, and each verdict of the other kind is counted.

  --exercise NAME   one exercise, or `all` (default)
  --verdicts N      so many verdicts an exercise on its correct cells (default 1,000), and as many on its wrong ones
  --correct-only    the correct cells alone: how often a right design fails
  --record          append the counts to results.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import secrets
import sys
import warnings

from tqdm import tqdm

from helpers import checks
from tests import corpus
from tests.benchmarks import record


def count(exercise: str, verdicts: int, correct: bool, bar=None) -> dict:
    """Verdicts on the cells of one kind, in turn, each for inputs of its own.

    Returns {"cells", "verdicts", "turned": [[cell, seed, codes]]}; turned: fails of correct cells, passes of wrong ones.
    """
    cells = [(cell, cell.load()) for cell in corpus.cells(exercise) if cell.correct is correct]
    turned = []
    for cell, loaded in itertools.islice(itertools.cycle(cells), verdicts if cells else 0):
        seed = secrets.randbelow(2**31)
        report = getattr(checks, exercise)(loaded, seed)
        if report.passed is not correct:
            turned.append([cell.name, seed, list(report.codes)])
        if bar is not None:
            bar.update()
    return {"cells": len(cells), "verdicts": verdicts if cells else 0, "turned": turned}


def exercises() -> list[str]:
    """The exercises that have a corpus and a check."""
    return sorted(folder.name for folder in corpus.FOLDER.iterdir() if (folder / "correct").is_dir() and hasattr(checks, folder.name))


def main(arguments: list[str] | None = None) -> None:
    """Command line: count and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exercise", choices=["all", *exercises()], default="all")
    parser.add_argument("--verdicts", type=int, default=1000)
    parser.add_argument("--correct-only", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args(arguments)

    warnings.simplefilter("ignore")
    names = exercises() if options.exercise == "all" else [options.exercise]
    kinds = (True,) if options.correct_only else (True, False)
    result: dict[str, dict] = {}
    with tqdm(total=options.verdicts * len(names) * len(kinds), unit=" verdicts", mininterval=1) as bar:
        for name in names:
            bar.set_description(name)
            result[name] = {"correct" if kind else "wrong": count(name, options.verdicts, kind, bar) for kind in kinds}
    if options.record:
        record.append("verdicts", f"python -m tests.benchmarks.verdicts {' '.join(sys.argv[1:] if arguments is None else arguments)}", result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
