"""Append measurements to results.json, with the machine, the versions and the command that made them."""

import datetime
import json
import os
import platform
from pathlib import Path

import lightning
import torch
import torchvision

RESULTS = Path(__file__).with_name("results.json")


def versions() -> dict[str, str]:
    """Versions that a measurement depends on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "lightning": lightning.__version__,
    }


def machine() -> dict[str, str | int]:
    """Processor, its cores, the threads torch uses, and the GPU where there is one."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    found = {"cpu": model, "cores": os.cpu_count() or 1, "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def append(benchmark: str, command: str, result: dict, path: Path = RESULTS, note: str = "") -> dict:
    """Add one row to the results file, which is written whole or not at all; return the row."""
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    row = {
        "benchmark": benchmark,
        "date": datetime.date.today().isoformat(),
        "command": command,
        "machine": machine(),
        "versions": versions(),
        "result": result,
    }
    if note:
        row["note"] = note
    rows.append(row)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n", encoding="utf-8")
    os.replace(temporary, path)
    return row
