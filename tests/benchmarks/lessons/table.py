"""Writes the tables of recorded results, in README and in the lessons, from solutions/results.json: python -m tests.benchmarks.lessons.table.

The lessons' notebooks follow with `python -m autograder.building.build --text`.
"""

import re
from pathlib import Path

from helpers.files import write_whole
from tests.benchmarks.lessons import record
from tests.benchmarks.table import README, between

HEAD = ("| lesson | what | published | ours, % (seeds) | target | seconds | device; note |", "| --- | --- | --: | --: | --: | --: | --- |")
# The order within a lesson: a row that says "the same" follows the one it means; rows that are not here come last.
ORDER = (
    "as_published", "without_normalize", "batch_first", "mended",
    "patch_2", "patch_4", "patch_7", "patch_14", "patch_2_equal_time", "patch_7_equal_time", "patch_14_equal_time", "patch_6_of_72", "patch_8_of_72", "best",
    "cnn", "vit", "vit_distilled", "cnn_layer_norm", "cnn_fashion", "vit_fashion",
    "pretraining", *(f"{way}_{digits}" for digits in (10, 100, 1000) for way in ("scratch", "probe", "fine_tuned")), "vit_b_16_probe", "vit_b_16_fine_tuned",
    "published_form", "published_mended", "adamw", "muon", "plain", "class_token", "conv_stem", "plain_gpu", "conv_stem_gpu", "four_classes_gpu",
)
MARK = "<!-- results: begin -->"
HEAD_OF_A_LESSON = ("| recorded runs | published | ours, % (seeds) | seconds |", "| --- | --: | --: | --: |")
FOOT_OF_A_LESSON = (
    "Ours: percent of test images at the last epoch, mean ± standard deviation over the seeds. Published: what the row is compared with, "
    "of the study's own model and images (a linear probe: of its validation images). Seconds of processor time of one training, on a GPU by the clock. "
    "A row that nobody has measured says so. The course's repository has the commands: `solutions/results.json`."
)
# Rows without a published number that the course promises to measure, and the row that each has to beat.
AGAINST = {"08_transfer/fine_tuned_10": "08_transfer/scratch_10", "08_transfer/fine_tuned_100": "08_transfer/scratch_100"}
ALSO = ("05_bug_hunt/without_normalize",)  # the fall to chance
FOOT = (
    "Percent of test images at the last epoch, mean ± standard deviation over the seeds; 08's probe was published on validation images. "
    "Seconds are processor time on a CPU, time by the clock on a GPU. All rows, with the command that measures each: `solutions/results.json`."
)


def in_order(rows: list[dict]) -> list[dict]:
    """The rows lesson by lesson."""
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(rows, key=lambda row: (row["row"].split("/")[0], places.get(row["row"].split("/")[1], len(places))))


def chosen(rows: list[dict]) -> list[dict]:
    """The rows that README shows, lesson by lesson."""
    return in_order([row for row in rows if row["published"] is not None or row["target"] is not None or row["row"] in (*AGAINST, *ALSO)])


def accuracy(row: dict) -> str:
    """ "98.85 ± 0.06 (3)", "98.85 (1)" or "not measured"."""
    if row["accuracy_mean"] is None:
        return record.NOT_MEASURED
    spread = "" if row["accuracy_std"] is None else f" ± {row['accuracy_std']:.2f}"
    return f"**{row['accuracy_mean']:.2f}**{spread} ({len(row['seeds'])})"


def note(row: dict) -> str:
    """What the recorder says of the target or the published number, and the first sentence of the author's; one line without bars."""
    said = [part for part in row["note"].split("  ") if part and not part.startswith(record.NOT_MEASURED)]
    ours = [part for part in said if part.startswith(record.OURS)]
    words = [re.split(r"(?<=\.)\s+(?=[A-Z])", part)[0] for part in said if part not in ours]
    return " ".join(ours + words[:1]).replace("|", "/")


def what(row: dict) -> str:
    """ "MNIST: CNN, 10 epochs"."""
    return f"{row['dataset']}: {row['model']}, {row['epochs']} epoch{'s' * (row['epochs'] != 1)}"


def numbers(row: dict) -> tuple[str, str]:
    """The published number and the seconds, "" where there are none."""
    return "" if row["published"] is None else f"{row['published']:.2f}", "" if row["seconds"] is None else f"{row['seconds']:,.0f}"


def line(row: dict, rows: dict[str, dict]) -> str:
    """One row of the table as markdown."""
    lesson, target = row["row"].split("/")[0][:2], ""
    if row["target"] is not None:
        target = f"{row['target']:g}"
    elif row["row"] in AGAINST:
        other = rows.get(AGAINST[row["row"]])
        measured = other is not None and other["accuracy_mean"] is not None
        target = f"scratch: {other['accuracy_mean']:.2f}" if measured else "above scratch"
    published, seconds = numbers(row)
    words = "; ".join(part for part in (row["device"], note(row)) if part)
    return f"| {lesson} | {what(row)} | {published} | {accuracy(row)} | {target} | {seconds} | {words} |"


def table(rows: list[dict] | None = None) -> str:
    """Published against ours as markdown; a row that nobody has measured says so."""
    rows = record.read() if rows is None else rows
    named = {row["row"]: row for row in rows}
    return "\n".join((*HEAD, *(line(row, named) for row in chosen(rows)), "", FOOT))


def readme(text: str, rows: list[dict] | None = None) -> str:
    """README with the table of the lessons made anew. Raises ValueError where its marks are missing."""
    return between(text, "lessons", table(rows))


def lesson(text: str, stem: str, rows: list[dict] | None = None) -> str:
    """The text source of a lesson with its table of recorded runs made anew."""
    own = [row for row in in_order(record.read() if rows is None else rows) if row["row"].startswith(f"{stem}/")]
    lines = (f"| {what(row)} | {published} | {accuracy(row)} | {seconds} |" for row in own for published, seconds in (numbers(row),))
    return between(text, "results", "\n".join(("", *HEAD_OF_A_LESSON, *lines, "", FOOT_OF_A_LESSON, "")), "# ")


def sources() -> list[Path]:
    """The text sources that have a table of recorded runs."""
    return [path for path in sorted(record.RESULTS.parent.glob("*.py")) if MARK in path.read_text(encoding="utf-8")]


def main() -> None:
    """Rewrite README.md and the lessons' text sources, each whole or not at all."""
    write_whole(README, readme(README.read_text(encoding="utf-8")))
    for path in sources():
        write_whole(path, lesson(path.read_text(encoding="utf-8"), path.stem))


if __name__ == "__main__":
    main()
