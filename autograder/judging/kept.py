"""What a verdict rests on, kept for the office hour: what the student's code was asked, what it answered, what was decided.

One graded cell is two files, OUT/evidence/<key>/<stem>/<exercise>.json and .npz (key as in OUT/submitted; see
`course.key_of`). Cells that nothing was observed of (not handed in, not readable, an untouched stub) have only the .json.

The .json holds
  student, stem, exercise   whom and what it is about
  version                   of grader and checks, as in run.json
  seed                      of the secret inputs; `helpers.checks.inputs(exercise, seed)` makes them again
  verdict                   as in grades.csv: Verdict.to_json() (points, status, codes, findings, messages, rungs, picture)
  flags                     plain sentences about tampering
  outcome                   {"state", "name", "text"} of the last cell that was run for it
  given, seen               what was asked and answered, by name: a number, text, true, false or null as it is; of a tensor
                            {"shape", "dtype", "min", "max", "mean"}
The .npz holds the tensors themselves, under "given/<name>" and "seen/<name>"; those above SMALL numbers are left out.
`read` gives everything back. Files are written whole or not at all, and only the last verdict is kept.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import torch

from .. import files
from .verdicts import Verdict

SMALL = 50_000  # numbers of a tensor that is kept


@dataclass(frozen=True)
class Kept:
    """The evidence of one verdict: `about` is the content of the .json; given, seen: tensors and plain values by name."""

    about: dict
    given: dict = field(default_factory=dict)
    seen: dict = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The verdict it is about."""
        return Verdict.from_json(self.about["verdict"])


def place(out: Path, key: str, stem: str, exercise: str) -> Path:
    """Path of the .json of one graded cell; the .npz lies beside it."""
    return Path(out) / "evidence" / key / stem / f"{exercise}.json"


def write(path: Path, about: dict, given: dict | None, seen: dict | None) -> None:
    """Write the evidence of one verdict to `place(...)`. about: the entries of the .json but given and seen. Raises OSError."""
    arrays, told = {}, {}
    for part, values in (("given", given or {}), ("seen", seen or {})):
        told[part] = {name: summary(value) for name, value in values.items()}
        arrays |= {f"{part}/{name}": value.detach().numpy() for name, value in values.items() if isinstance(value, torch.Tensor) and value.numel() <= SMALL}
    buffer = io.BytesIO()
    numpy.savez_compressed(buffer, **arrays)
    beside = path.with_suffix(".npz")
    if arrays:
        files.write(beside, buffer.getvalue())
    else:
        beside.unlink(missing_ok=True)
    files.write(path, json.dumps(about | told, indent=1, ensure_ascii=False))


def read(out: Path, key: str, stem: str, exercise: str) -> Kept | None:
    """The evidence of one verdict, or None where none is kept."""
    path = place(out, key, stem, exercise)
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        parts = {part: {name: value for name, value in about[part].items() if not isinstance(value, dict)} for part in ("given", "seen")}
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    if path.with_suffix(".npz").is_file():
        with numpy.load(path.with_suffix(".npz"), allow_pickle=False) as stored:
            for name in stored.files:
                part, _, own = name.partition("/")
                parts[part][own] = torch.from_numpy(stored[name])
    return Kept(about, **parts)


def summary(value):
    """A value as the .json holds it: of a tensor its shape, dtype and range."""
    if not isinstance(value, torch.Tensor):
        return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
    told = {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    if value.numel():
        numbers = value.detach().double()
        told |= {"min": numbers.min().item(), "max": numbers.max().item(), "mean": numbers.mean().item()}
    return told
