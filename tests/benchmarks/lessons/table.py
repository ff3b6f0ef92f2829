"""Writes README's table of published against ours from solutions/results.json: python -m tests.benchmarks.lessons.table."""

import re
from pathlib import Path

from helpers.files import write_whole
from tests.benchmarks.lessons import record

README = Path(__file__).resolve().parents[3] / "README.md"
BEGIN, END = "<!-- lessons: begin -->", "<!-- lessons: end -->"
HEAD = ("| lesson | what | published | ours, % (seeds) | target | seconds | device; note |", "| --- | --- | --: | --: | --: | --: | --- |")
# The order within a lesson: a row that says "the same" follows the one it means; rows that are not here come last.
ORDER = (
    "as_published", "without_normalize", "mended", "cnn", "vit", "best", "patch_6_of_72", "patch_8_of_72", "vit_b_16_probe", "vit_b_16_fine_tuned",
    "fine_tuned_10", "fine_tuned_100", "published_form", "plain", "conv_stem", "plain_gpu", "conv_stem_gpu", "four_classes_gpu",
)
# Rows without a published number that the course promises to measure, and the row that each has to beat.
AGAINST = {"08_transfer/fine_tuned_10": "08_transfer/scratch_10", "08_transfer/fine_tuned_100": "08_transfer/scratch_100"}
ALSO = ("05_bug_hunt/without_normalize",)  # the fall to chance
FOOT = (
    "Percent of test images at the last epoch, mean ± standard deviation over the seeds; 08's probe was published on validation images. "
    "Seconds are processor time on a CPU, time by the clock on a GPU. All rows, with the command that measures each: `solutions/results.json`."
)


def chosen(rows: list[dict]) -> list[dict]:
    """The rows that README shows, lesson by lesson."""
    shown = [row for row in rows if row["published"] is not None or row["target"] is not None or row["row"] in (*AGAINST, *ALSO)]
    places = {name: place for place, name in enumerate(ORDER)}
    return sorted(shown, key=lambda row: (row["row"].split("/")[0], places.get(row["row"].split("/")[1], len(places))))


def accuracy(row: dict) -> str:
    """ "98.85 ± 0.06 (3)", "98.85 (1)" or "not measured"."""
    if row["accuracy_mean"] is None:
        return record.NOT_MEASURED
    spread = "" if row["accuracy_std"] is None else f" ± {row['accuracy_std']:.2f}"
    return f"**{row['accuracy_mean']:.2f}**{spread} ({len(row['seeds'])})"


def note(row: dict) -> str:
    """By how much the row misses its target, and the first sentence of what its author says; one line without bars."""
    said = [part for part in row["note"].split("  ") if part and not part.startswith(record.NOT_MEASURED)]
    short = [part for part in said if part.startswith("Falls ")]
    words = [re.split(r"(?<=\.)\s+(?=[A-Z])", part)[0] for part in said if part not in short]
    return " ".join(short + words[:1]).replace("|", "/")


def line(row: dict, rows: dict[str, dict]) -> str:
    """One row of the table as markdown."""
    lesson, target = row["row"].split("/")[0][:2], ""
    if row["target"] is not None:
        target = f"{row['target']:g}"
    elif row["row"] in AGAINST:
        other = rows.get(AGAINST[row["row"]])
        measured = other is not None and other["accuracy_mean"] is not None
        target = f"scratch: {other['accuracy_mean']:.2f}" if measured else "above scratch"
    published = "" if row["published"] is None else f"{row['published']:.2f}"
    seconds = "" if row["seconds"] is None else f"{row['seconds']:,.0f}"
    epochs = f"{row['epochs']} epoch{'s' * (row['epochs'] != 1)}"
    words = "; ".join(part for part in (row["device"], note(row)) if part)
    return f"| {lesson} | {row['dataset']}: {row['model']}, {epochs} | {published} | {accuracy(row)} | {target} | {seconds} | {words} |"


def table(rows: list[dict] | None = None) -> str:
    """Published against ours as markdown; a row that nobody has measured says so."""
    rows = record.read() if rows is None else rows
    named = {row["row"]: row for row in rows}
    return "\n".join((*HEAD, *(line(row, named) for row in chosen(rows)), "", FOOT))


def readme(text: str, rows: list[dict] | None = None) -> str:
    """README with the table between the two marks made anew. Raises ValueError where the marks are missing."""
    if BEGIN not in text or END not in text:
        raise ValueError("README.md has lost the marks around its table of lessons.")
    head, rest = text.split(BEGIN, 1)
    return f"{head}{BEGIN}\n{table(rows)}\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    """Rewrite README.md whole or not at all."""
    write_whole(README, readme(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
