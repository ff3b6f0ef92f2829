"""The recorder of the lessons' results: solutions/results.json, a list of rows, one row a configuration.

Accuracies, published and target are percent. A row that nobody has measured has accuracy_mean null and no seeds.
"""

import datetime
import json
import math
import platform
import statistics
from pathlib import Path

import lightning
import torch
import torchvision
from filelock import FileLock

from helpers.files import write_whole

RESULTS = Path(__file__).resolve().parents[3] / "solutions" / "results.json"
NOT_MEASURED = "not measured"
NEAR = 3.0  # points within which a published number counts as reproduced
OURS = (NOT_MEASURED, "Falls ", "Reproduced", "Not reproduced")  # how the sentences begin that the recorder writes into a note
LISTS = ("accuracies", "val_accuracies", "seconds_each", "curves")  # one entry a seed, in the order of seeds
FIELDS = {
    "row": str, "dataset": str, "model": str, "parameters": int | None, "epochs": int | None,
    "accuracy_mean": float | None, "accuracy_std": float | None, "seeds": list, **dict.fromkeys(LISTS, list),
    "seconds": float | None, "device": str | None, "versions": dict, "command": str,
    "published": float | None, "target": float | None, "date": str | None, "note": str,
}
SAME = ("dataset", "model", "parameters", "epochs", "device")  # what the seeds of a row must share


class RecordError(RuntimeError):
    """The results file cannot be used; the message is one sentence that says what to do."""


def device(name: str) -> str:
    """The machine part that trains, in words: the GPU, or the processor and the threads in use."""
    if name == "cuda":
        return torch.cuda.get_device_name()
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    threads = torch.get_num_threads()
    return f"{model}, {threads} thread{'s' * (threads > 1)}"


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    return {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__, "lightning": lightning.__version__}


def read(path: Path = RESULTS) -> list[dict]:
    """All rows, checked; [] where there is no file. Raises RecordError where the file is damaged."""
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"{path.name} is no JSON: take the last good version from git ({error}).") from error
    complaints = validate(rows)
    if complaints:
        raise RecordError(f"{path.name} is not as it should be: {complaints[0]}.")
    return rows


def declare(row: str, dataset: str, model: str, command: str, *, epochs: int | None = None, published: float | None = None, target: float | None = None,
            note: str = "", reproduces: bool = False, path: Path = RESULTS) -> dict:
    """Add a row that is not measured yet, or renew the words of one that is; its numbers stay. Returns the row.

    reproduces: the row is trained as the published one was, as far as that was stated, so its note says whether the number came out.
    """
    with FileLock(f"{path}.lock"):
        rows = read(path)
        found = _find(rows, row) or _empty(row, dataset, model, epochs, command)
        found |= {"command": command, "published": _number(published), "target": _number(target)}
        if found["accuracy_mean"] is None:
            found |= {"dataset": dataset, "model": model, "epochs": epochs}
        found["note"] = _note(found, note, reproduces)
        _write(path, rows, found)
    return found


def add(row: str, result: dict, path: Path = RESULTS) -> dict:
    """Add one seed's result to a row, or replace that seed's, and compute mean and deviation anew. Returns the row.

    result: dataset, model, parameters, epochs, seed, accuracy, val_accuracy (percent), seconds, device, versions, command,
    and, where they exist, curve, published, target, note, reproduces.  Where the configuration is not that of the seeds recorded before,
    the row begins anew.  The file is written whole or not at all; runs that end at the same time wait for each other.
    """
    with FileLock(f"{path}.lock"):
        rows = read(path)
        found = _find(rows, row)
        if found is None or found["accuracy_mean"] is not None and any(found[name] != result[name] for name in SAME):
            found = _empty(row, result["dataset"], result["model"], result["epochs"], result["command"]) | {
                name: found[name] for name in ("published", "target", "note") if found
            }
        known = dict(zip(found["seeds"], zip(*(found[name] for name in LISTS))))
        known[result["seed"]] = (round(result["accuracy"], 3), _number(result["val_accuracy"]), round(result["seconds"], 1), result.get("curve", {}))
        seeds = sorted(known)
        found["seeds"] = seeds
        for place, name in enumerate(LISTS):
            found[name] = [known[seed][place] for seed in seeds]
        found |= {name: result[name] for name in (*SAME, "versions", "command")}
        found |= {name: _number(result[name]) for name in ("published", "target") if name in result}
        found |= _derived(found)
        found["date"] = datetime.date.today().isoformat()
        found["note"] = _note(found, result.get("note", found["note"]), result.get("reproduces", False))
        _write(path, rows, found)
    return found


def validate(rows: object) -> list[str]:
    """What is wrong with a list of rows, in words; [] where nothing is."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return ["the file must hold a list of rows"]
    complaints, names = [], [row.get("row") for row in rows]
    for row in rows:
        name = f"row {row.get('row')!r}"
        if set(row) != set(FIELDS):
            complaints.append(f"{name} has other fields than it should: {', '.join(sorted(set(row) ^ set(FIELDS)))}")
            continue
        wrong = [field for field, kind in FIELDS.items() if not isinstance(row[field], kind)]
        if wrong:
            complaints.append(f"{name} has a {wrong[0]} of the wrong type")
            continue
        complaints += [f"{name}: {text}" for text in _row_complaints(row)]
        if names.count(row["row"]) > 1:
            complaints.append(f"{name} stands there more than once")
    return complaints


def _row_complaints(row: dict) -> list[str]:
    seeds = row["seeds"]
    if any(len(row[name]) != len(seeds) for name in LISTS):
        return ["its lists differ in length"]
    if seeds != sorted(set(seeds)):
        return ["its seeds are not in order, or one stands there twice"]
    if {name: row[name] for name in ("accuracy_mean", "accuracy_std", "seconds")} != _derived(row):
        return ["its mean, deviation or seconds do not follow from its seeds"]
    if not all(0 <= value <= 100 for value in [*row["accuracies"], *(v for v in row["val_accuracies"] if v is not None)]):
        return ["an accuracy is not between 0 and 100 percent"]
    if not seeds and NOT_MEASURED not in row["note"]:
        return ["it has no seeds, and its note does not say that it is not measured"]
    if seeds and (row["parameters"] is None or row["epochs"] is None or not row["device"] or not row["versions"] or not row["command"]):
        return ["it is measured, but does not say on what and how"]
    if seeds and row["target"] is not None and row["accuracy_mean"] < row["target"] and "short of" not in row["note"]:
        return ["it misses its target, and its note does not say by how much"]
    return []


def _derived(row: dict) -> dict:
    values = row["accuracies"]
    return {
        "accuracy_mean": round(statistics.fmean(values), 3) if values else None,
        "accuracy_std": round(statistics.stdev(values), 3) if len(values) > 1 else None,
        "seconds": round(statistics.fmean(row["seconds_each"]), 1) if values else None,
    }


def _note(row: dict, note: str, reproduces: bool) -> str:
    """The note, with one sentence of ours in front where it is needed: not measured, short of the target, reproduced or not."""
    kept = " ".join(part for part in note.split("  ") if part and not part.startswith(OURS))
    first = ""
    if row["accuracy_mean"] is None:
        first = f"{NOT_MEASURED}."
    elif reproduces:
        away = abs(row["accuracy_mean"] - row["published"])
        first = f"Reproduced: {away:.2f} points from the published number." if away <= NEAR else f"Not reproduced: {away:.2f} points from the published number."
    elif row["target"] is not None and row["accuracy_mean"] < row["target"]:
        first = f"Falls {math.ceil(100 * (row['target'] - row['accuracy_mean'])) / 100:.2f} points short of the target of {row['target']:g} %."
    return "  ".join(part for part in (first, kept) if part)  # two spaces part our sentence from the author's


def _empty(row: str, dataset: str, model: str, epochs: int | None, command: str) -> dict:
    blank = {name: [] if kind is list else {} if kind is dict else "" if kind is str else None for name, kind in FIELDS.items()}
    return blank | {"row": row, "dataset": dataset, "model": model, "epochs": epochs, "command": command}


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


def _find(rows: list[dict], name: str) -> dict | None:
    return next((row for row in rows if row["row"] == name), None)


def _write(path: Path, rows: list[dict], changed: dict) -> None:
    kept = [changed if row["row"] == changed["row"] else row for row in rows]
    if not any(row is changed for row in kept):
        kept.append(changed)
    kept.sort(key=lambda row: row["row"])
    complaints = validate(kept)
    if complaints:
        raise RecordError(f"This result is not recorded: {complaints[0]}.")
    write_whole(path, "[\n" + ",\n".join(json.dumps(row) for row in kept) + "\n]\n")
