"""Writes README's results table from results.json: python -m tests.benchmarks.table."""

import json
import statistics
from pathlib import Path

from helpers.files import write_whole
from tests.benchmarks.record import RESULTS

README = Path(__file__).resolve().parents[2] / "README.md"
PUBLISHED = "| the published assignment this course descends from, patch 4 | 106,122 | 10 | 92.89 | one run, as published |"


def rows() -> list[dict]:
    """All recorded measurements; [] where there are none."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else []


def table() -> str:
    """The results as markdown: test accuracy by data, patch size and epochs (mean and standard deviation over seeds),
    and the speed of an epoch against the original pipeline."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows():
        if row["benchmark"] == "mnist":
            r = row["result"]
            groups.setdefault((r["data"], r["patch_size"], r["epochs"], r["parameters"]), []).append(r)
    lines = ["| run | parameters | epochs | test accuracy, % | seeds |", "| --- | --: | --: | --: | --- |", PUBLISHED]
    for (source, patch, epochs, parameters), found in sorted(groups.items()):
        accuracy = [100 * r["test_accuracy"] for r in found]
        spread = f" ± {statistics.stdev(accuracy):.2f}" if len(accuracy) > 1 else ""
        label = "full MNIST" if source == "MNIST" else "the 5,000 offline digits"
        lines.append(f"| ours, patch {patch}, {label} | {parameters:,} | {epochs} | **{statistics.mean(accuracy):.2f}**{spread} | {len(found)} |")
    speeds = [row["result"] for row in rows() if row["benchmark"] == "pipelines"]
    for r in speeds:
        lines += ["" if r is speeds[0] else None,
                  f"An epoch at patch {r['patch_size']} takes 1/{r['times_faster']:.1f} of the original pipeline's time (same CPU, same run)."]
    for r in [row["result"] for row in rows() if row["benchmark"] == "grading" and {"students", "times_faster"} <= row["result"].keys()][-1:]:  # the newest
        lines += ["", f"Grading {r['students']} submissions of four notebooks, feedback included, takes 1/{r['times_faster']:.1f} of stock nbgrader's time (same machine within the hour, same scores; stock executes whole notebooks, in the smoke budget)."]
    machines = sorted({f"{row['machine']['cpu']}, {row['machine']['cores']} cores" for row in rows()})
    lines += ["", f"Recorded in `tests/benchmarks/results.json` ({'; '.join(machines)}; no GPU was measured)."]
    return "\n".join(line for line in lines if line is not None)


def between(text: str, name: str, new: str, prefix: str = "") -> str:
    """A text with what stands between the two marks of a name replaced; prefix: begins each line. Raises ValueError where a mark is missing."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        raise ValueError(f"The marks around the table of {name} are missing.")
    head, rest = text.split(begin, 1)
    lines = "".join(f"{prefix}{line}".rstrip() + "\n" for line in new.split("\n"))
    return f"{head}{begin}\n{lines}{prefix}{end}{rest.split(end, 1)[1]}"


def readme(text: str) -> str:
    """README with the table of results made anew. Raises ValueError where its marks are missing."""
    return between(text, "results", table())


def main() -> None:
    """Rewrite README.md whole or not at all."""
    write_whole(README, readme(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
