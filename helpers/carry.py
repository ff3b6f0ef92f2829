"""Carries a student's code from one notebook to the next: `save` writes it to carry/, `load` brings it back.

Where an earlier stage was not carried over, `load` hands out a stand-in built from PyTorch's own layers, so that
every notebook can be worked on by itself. Nothing here raises at a student: a problem is one printed sentence.
"""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

from helpers import NAMES, sources
from helpers.files import write_whole
from helpers.sources import SourceError

DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts Google Drive
STANDINS = "helpers.standins"

_loaded = []  # (object, exercise) of everything `load` handed out in this process
_loading = []  # exercises being loaded right now, so that two files that ask for each other end


def folder():
    """Path of the carry folder: on Google Drive where Colab has it mounted, else `carry` next to the notebook."""
    return DRIVE / "vit-course" / "carry" if DRIVE.is_dir() else Path.cwd() / "carry"


def save(exercise, obj):
    """Write the student's own source of one exercise to carry/<exercise>.py and print one line.

    exercise: a key of `helpers.NAMES`. obj: the function or class, defined in this notebook's cells or in a file of
    the student's own. The file stands alone: it holds the definition, the helper functions, constants and imports
    that it uses; earlier exercises are loaded from their own files. Written whole or not at all. Never raises.
    """
    name = NAMES.get(exercise)
    if name is None:
        print(f"Not saved: there is no exercise called {exercise!r}; choose one of {', '.join(NAMES)}.")
        return
    path = folder() / f"{exercise}.py"
    if is_standin(obj):
        print(f"Not saved: this {name} is the stand-in, which earns no points; your own {name} is carried over once you have written it.")
        return
    if any(obj is known for known, _ in _loaded):
        print(f"Nothing to save: {name} is already carried over in {_shown(path)}.")
        return
    try:
        text = source(exercise, obj)
        if sources.unfinished(text, name):
            print(f"{name} is not implemented yet, so nothing is carried over; later notebooks use a stand-in (it earns no points).")
            return
        _try_out(text, path, name)
        write_whole(path, text)
    except SourceError as error:
        print(f"{name} was not saved: {error}")
    except OSError as error:
        print(f"{name} was not saved: {_shown(path)} cannot be written ({error.strerror or error}); please make room or check the folder, then run this cell again.")
    except Exception as error:
        print(f"{name} was not saved ({type(error).__name__}: {_line(error)}); please keep this notebook and go on, the next one uses a stand-in.")
    else:
        print(f"Saved your {name} in {_shown(path)}.")


def load(*exercises, beside=None):
    """The student's own object of each exercise, or a stand-in with one printed line.

    exercises: keys of `helpers.NAMES`. One exercise gives one object, several give a tuple. beside: a carry file
    that asks for an earlier stage; that stage is then looked for in the same folder and nothing is printed.
    Raises ValueError for a name that is no exercise.
    """
    for exercise in exercises:
        if exercise not in NAMES:
            raise ValueError(f"There is no exercise called {exercise!r}; choose one of {', '.join(NAMES)}.")
    objects = tuple(_load(exercise, beside) for exercise in exercises)
    return objects[0] if len(objects) == 1 else objects


def _load(exercise, beside):
    name = NAMES[exercise]
    quiet = beside is not None
    path = Path(beside).parent / f"{exercise}.py" if quiet else find(exercise)
    message = f"no {name} carried over yet: a stand-in built from PyTorch's own layers is used (it earns no points)"
    if path is not None and path.is_file() and exercise not in _loading:
        try:
            obj = namespace(path.parent, exercise)[name]
        except KeyError:
            message = f"{_shown(path)} defines no {name}: a stand-in is used until you run carry.save in its notebook again."
        except SyntaxError as error:
            message = f"{_shown(path)} is no valid Python (line {error.lineno}): a stand-in is used until you run carry.save in its notebook again."
        except (Exception, SystemExit) as error:
            message = f"{_shown(path)} stops with {type(error).__name__} ({_line(error)}): a stand-in is used until you run carry.save in its notebook again."
        else:
            message = f"{name}: your own code from {_shown(path)}"
            _loaded.append((obj, exercise))
            if not quiet:
                print(message)
            return obj
    if not quiet:
        print(message)
    from helpers import standins  # here, since the stand-ins import torch

    obj = standins.get(exercise)
    _loaded.append((obj, exercise))
    return obj


def find(exercise):
    """Path of the newest carry/<exercise>.py, on Drive or next to the notebook; None where there is none."""
    places = {folder() / f"{exercise}.py", Path.cwd() / "carry" / f"{exercise}.py"}
    there = sorted((p for p in places if p.is_file()), key=lambda p: (p.stat().st_mtime, str(p)))
    return there[-1] if there else None


def namespace(folder, exercise):
    """Names that folder/<exercise>.py defines, as a dict, after executing it.

    folder: a carry folder. Earlier stages that the file uses come from the same folder or are stand-ins. Raises
    FileNotFoundError, SyntaxError, or whatever the student's code raises.
    """
    path = Path(folder) / f"{exercise}.py"
    return _execute(path.read_text(encoding="utf-8"), path, exercise)


def _execute(text, path, exercise):
    code = compile(text, str(path), "exec")
    module = types.ModuleType(f"carried_{exercise}")
    module.__file__ = str(path)
    _loading.append(exercise)
    try:
        # A hand-written file may use earlier stages without loading them.
        for other in list(NAMES)[: list(NAMES).index(exercise)]:
            if re.search(rf"\b{NAMES[other]}\b", text):
                setattr(module, NAMES[other], load(other, beside=str(path)))
        sys.modules[module.__name__] = module  # dataclasses and typing look classes up by their module
        exec(code, vars(module))
    finally:
        _loading.pop()
    return vars(module)


def source(exercise, obj):
    """Source text of carry/<exercise>.py for this object. Raises SourceError with one sentence for the student."""
    wanted = NAMES[exercise]
    scope = sources.notebook_scope()
    name = _name_in(scope, obj, wanted) if scope else None
    if name is None:
        module = sources.own_module(getattr(obj, "__module__", "") or "")
        if module is None:
            raise SourceError(f"no cell or file that defines {wanted} was found: please run the cell that defines it, then this one again.")
        scope, name = sources.module_scope(module), obj.__name__
    body = sources.collect(name, scope, _earlier_stage)
    if name != wanted:
        body += f"\n\n{wanted} = {name}\n"
    if "carry.load(" in body and "from helpers import carry" not in body:
        body = _after_future(body, "from helpers import carry\n")
    return f"# {wanted}: your own code, written by helpers.carry. Notebooks, the hand-in and the grader read it from here.\n{body}"


def _name_in(scope, obj, wanted):
    candidates = [wanted, getattr(obj, "__name__", None)] + [n for n in scope.values if not n.startswith("_")]
    for name in candidates:
        if name is not None and scope.values.get(name) is obj and scope.defining(name):
            return name
    return None


def _earlier_stage(value):
    """The expression that loads a carried object again in another process; None for any other value."""
    for known, exercise in _loaded:
        if value is known:
            return f'carry.load("{exercise}", beside=globals().get("__file__"))'
    return None


def _after_future(body, line):
    future = re.match(r"(?:from __future__ import .*\n)+", body)
    at = future.end() if future else 0
    return body[:at] + line + body[at:]


def _try_out(text, path, name):
    """Execute the collected source in a fresh namespace, so that only files that stand alone are written."""
    exercise = path.stem
    before = sys.modules.get(f"carried_{exercise}")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            made = _execute(text, path, exercise)
    except Exception as error:
        raise SourceError(
            f"its cells do not run by themselves ({type(error).__name__}: {_line(error)}); please run the notebook from the top, then this cell again."
        ) from error
    finally:
        if before is not None:
            sys.modules[f"carried_{exercise}"] = before
    if name not in made:
        raise SourceError(f"its cells do not define {name}; please check its name.")


def is_standin(obj):
    """Whether an object is one of helpers' stand-ins, an instance of one, or a subclass."""
    kinds = obj.__mro__ if isinstance(obj, type) else (obj, *type(obj).__mro__)
    return any(str(getattr(kind, "__module__", None)).startswith(STANDINS) for kind in kinds)


def _shown(path):
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _line(error):
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "no message"
