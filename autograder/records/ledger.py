"""What a course directory remembers of its runs: the secret, the results of the last finished one, and one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import helpers

from .. import files
from ..judging.cache import PARTS
from ..judging.verdicts import Verdict

GRADER = Path(__file__).resolve().parents[1]
VERDICTS = ("assignment.py", "files.py", "containment", "judging", "submissions")  # what a verdict depends on
_SHORT_LIVED = ("notebook", "converted", "entered")  # of a notebook's record: not needed once it is entered


class Busy(Exception):
    """Another run writes into the same folder; the message says so in one sentence."""


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the folder for this process; the system lets go of it however the process ends. Raises Busy."""
    Path(out).mkdir(parents=True, exist_ok=True)
    with open(Path(out) / ".writing", "a+b") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks on Windows
            pass
        except OSError as error:
            raise Busy(f"Another run is writing into {out}: please wait until it is done, or choose another --out.") from error
        yield


def version() -> str:
    """Changes with every line that a verdict depends on; what is written about a verdict may change without it."""
    return _hash(*(GRADER / name for name in VERDICTS), Path(helpers.__file__).parent)


def checkout() -> str:
    """Changes with every line of the grader and of the checks."""
    return _hash(GRADER, Path(helpers.__file__).parent)


def _hash(*places: Path) -> str:
    content = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            content.update(path.relative_to(place.parent).as_posix().encode() + path.read_bytes())
    return content.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of what grades depend on."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in ("torch", "lightning", "nbgrader")}


def begin(out: Path, **settings) -> dict:
    """run.json of a run that begins: the secret stays while runs go into the same folder, so that they can be repeated."""
    run = {name: value for name, value in read(out / "run.json").items() if name in ("secret", "students", "db")}
    try:
        bytes.fromhex(run["secret"])
    except (KeyError, ValueError, TypeError):
        run["secret"] = secrets.token_hex(16)
    run |= {"started": _now(), "release": helpers.__version__, "grader": version(), "versions": versions()} | settings
    write(out, run)
    return run


def database(out: Path) -> str:
    """URL of the gradebook that earlier runs into the folder have used; "" for the file in it."""
    return str(read(Path(out) / "run.json").get("db") or "")


def finish(out: Path, run: dict, results: list[dict]) -> None:
    """Write run.json and the results of a run that is over."""
    kept = []
    for result in results:
        notebooks = {}
        for stem, record in result["notebooks"].items():
            judged = [replace(verdict, picture="").to_json() for verdict in record["verdicts"]]
            notebooks[stem] = {name: value for name, value in record.items() if name not in _SHORT_LIVED} | {"verdicts": judged}
        kept.append(result | {"notebooks": notebooks})
    files.write(out / "results.json", json.dumps({"students": kept}, indent=1, ensure_ascii=False))
    write(out, run | {"finished": _now(), "students": {result["key"]: result["student"] for result in results}})


def write(out: Path, run: dict) -> None:
    """Write run.json, which holds the secret of the hidden inputs."""
    files.write(out / "run.json", json.dumps(run, indent=1, ensure_ascii=False))
    (out / "run.json").chmod(0o600)


def last(out: Path) -> dict[str, dict]:
    """Results of the last finished run by student, with Verdict objects; {} where there was none."""
    try:
        found = {}
        for result in read(out / "results.json")["students"]:
            for record in result["notebooks"].values():
                record |= {"verdicts": [Verdict.from_json(data) for data in record["verdicts"]], "notebook": ""}
            found[result["student"]] = result
        return found
    except (KeyError, TypeError, AttributeError):
        return {}


def changes(before: dict[str, dict], results: list[dict]) -> list[dict]:
    """Grades that are not what they were in the last finished run: student, notebook, exercise, before, after (points), why."""
    found = []
    now = {result["student"]: result for result in results}
    for student in sorted(before.keys() | now.keys()) if before else ():
        old, new = (which.get(student, {}).get("notebooks", {}) for which in (before, now))
        for stem in sorted(old.keys() | new.keys()):
            was, now_is = ({verdict.exercise: verdict for verdict in which.get(stem, {}).get("verdicts", ())} for which in (old, new))
            for exercise in dict.fromkeys((*was, *now_is)):
                one, other = was.get(exercise), now_is.get(exercise)
                if (one and (one.points, one.status)) != (other and (other.points, other.status)):
                    place = {"student": student, "notebook": stem, "exercise": exercise}
                    points = {"before": one and one.points, "after": other and other.points}
                    found.append(place | points | {"why": _why(old.get(stem), new.get(stem), one, other)})
    return found


def _why(old: dict | None, new: dict | None, one: Verdict | None, other: Verdict | None) -> str:
    if new is None or (new["state"] == "missing" and old and old["state"] != "missing"):
        return "no longer handed in"
    if old is None or (old["state"] == "missing" and new["state"] != "missing"):
        return "handed in since"
    parts = [text for name, text in PARTS.items() if old.get("parts", {}).get(name) != new.get("parts", {}).get(name)]
    if parts:
        return ", ".join(parts)
    if other and other.is_marked:
        return "a person gave the points"
    if one and other and one.points == other.points:
        return f"{one.status} before, {other.status} now"
    return "graded again"


def sentence(change: dict) -> str:
    """One change in words."""
    before, after = ("-" if change[name] is None else f"{change[name]:g}" for name in ("before", "after"))
    return f"{change['student']}, {change['exercise']}: {before} -> {after} ({change['why']})"


def read(path: Path) -> dict:
    """The object in a JSON file, {} where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
