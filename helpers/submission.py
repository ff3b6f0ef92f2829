"""Builds submission.zip, and tells a student in plain words what is in it, what is missing and what is damaged.

    submission.build()                            in the notebook's last cell
    python -m helpers.submission check [FOLDER]   in a terminal; exit status 0 when complete, else 1

The zip holds the notebooks by their stems, carry/<exercise>.py, checkpoints/{first,middle,best}.ckpt (weights, hyperparameters
and epoch; no optimizer state), metrics.csv, report.pdf and report.html. Nothing is ever refused: what is missing is said.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path, PurePosixPath

from helpers import NAMES, handin_files, handin_notebooks
from helpers.environment import on_colab
from helpers.files import write_whole
from helpers.handin_notebooks import TESTS, Remark

ZIP = "submission.zip"


def build(folder=".", notebook=None):
    """Build folder/submission.zip after printing what is missing; never refuses and never raises.

    folder: where carry/, checkpoints/ and metrics.csv lie. notebook: stem or path of the notebook that runs this, for the
    case that it cannot be told. Written whole or not at all; the same files give the same zip.
    """
    try:
        files, remarks = handin_files.collect(folder, notebook)
        remarks += look_over(files)
        files.update(_reports(files, remarks))
        for remark in remarks:
            print(remark)
        content = handin_files.zipped(files)
        write_whole(Path(folder) / ZIP, content)
    except OSError as error:
        print(f"{ZIP} was not written ({error.strerror or error}): please make room in this folder, then run this cell again.")
        return
    except Exception as error:
        print(f"{ZIP} was not written ({type(error).__name__}: {_line(error)}): please hand in your notebooks and the folders carry and checkpoints themselves.")
        return
    unfinished = sum(remark.kind in ("missing", "damaged") for remark in remarks)
    state = "Nothing is missing." if not unfinished else "You can hand it in as it is, or mend what is named above and run this cell again."
    place = Path(folder) / ZIP
    print(f"{place}: {len(files)} files, {len(content) / 2**20:.1f} MB. {state}")
    if on_colab():
        print(f"Colab: open the folder symbol on the left, find {place}, and choose Download.")


# --------------------------------------------------------------------------------------------------------------------
# Looking over


def look_over(files):
    """Remarks on the files of a hand-in, {name: bytes}: what is missing and what is damaged."""
    remarks = []
    for stem in TESTS:
        if f"{stem}.ipynb" not in files:
            remarks.append(Remark("missing", f"{stem}.ipynb is not here; put it in this folder (Colab: File > Download > .ipynb, then upload it)."))
    for name, content in files.items():
        if name.endswith(".ipynb") and "/" not in name:
            try:
                remarks += handin_notebooks.look_over(name.removesuffix(".ipynb"), handin_notebooks.parse(content))
                if len(content) > handin_notebooks.LARGE_NOTEBOOK:
                    size = f"{len(content) / 2**20:.0f} MB"
                    remarks.append(Remark("note", f"{name} has {size}, and some places do not take so much; clear the outputs of its cells (Edit > Clear all outputs) and save it."))
            except ValueError as error:
                remarks.append(Remark("damaged", f"{name} cannot be read: {error}."))
    for exercise, name in NAMES.items():
        content = files.get(f"carry/{exercise}.py")
        if content is None:
            remarks.append(Remark("missing", f"carry/{exercise}.py is not here; run the cell carry.save({exercise!r}, {name}) of its notebook."))
        elif not _compiles(content):
            remarks.append(Remark("damaged", f"carry/{exercise}.py is no valid Python; run the cell carry.save({exercise!r}, {name}) again."))
    for which in handin_files.CHECKPOINTS:
        content = files.get(f"checkpoints/{which}.ckpt")
        if content is None:
            remarks.append(Remark("missing", f"checkpoints/{which}.ckpt is not here; run the training cells of notebook 04."))
        elif not _weights(content):
            remarks.append(Remark("damaged", f"checkpoints/{which}.ckpt cannot be read; run the training cells of notebook 04 again."))
    if "metrics.csv" not in files:
        remarks.append(Remark("missing", "metrics.csv is not here; run the training cells of notebook 04."))
    elif not _curves(files["metrics.csv"]):
        remarks.append(Remark("damaged", "metrics.csv has no epochs; run the training cells of notebook 04 again."))
    return remarks


def _compiles(content):
    try:
        compile(content, "carry", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _weights(content):
    import torch

    try:
        return isinstance(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["state_dict"], dict)
    except Exception:
        return False


def _curves(content):
    from helpers.evidence_judge import curves

    return curves(content.decode("utf-8", errors="replace"))


# --------------------------------------------------------------------------------------------------------------------
# Writing


def _reports(files, remarks):
    from helpers import handin_pdf, handin_report  # here, since they draw with matplotlib

    notebooks = {}
    for name, content in files.items():
        if name.endswith(".ipynb"):
            try:
                notebooks[name.removesuffix(".ipynb")] = handin_notebooks.parse(content)
            except ValueError:
                continue
    metrics = files.get("metrics.csv", b"").decode("utf-8", errors="replace")
    code = {PurePosixPath(name).stem: content.decode("utf-8", errors="replace") for name, content in files.items() if name.startswith("carry/")}
    makers = {
        "report.html": lambda: handin_report.make_html(notebooks, remarks, metrics),
        "report.pdf": lambda: handin_pdf.make_pdf(notebooks, remarks, metrics, code),
    }
    made = {}
    for name, make in makers.items():
        try:
            made[name] = make()
        except ImportError as error:
            remarks.append(Remark("missing", f"{name} needs the package {error.name}; run `pip install {error.name}` and then this cell again."))
        except Exception as error:  # a report that cannot be drawn must not cost the hand-in
            remarks.append(Remark("missing", f"{name} could not be made ({type(error).__name__}: {_line(error)}); the notebooks are handed in all the same."))
    return made


# --------------------------------------------------------------------------------------------------------------------
# Command line


def check(folder="."):
    """Print what the hand-in in a folder holds, lacks and has damaged; True when it is complete.

    folder: one with submission.zip in it (its content is looked at), one without (what would go in), or a zip file.
    """
    place = Path(folder)
    archive = place if place.is_file() else place / ZIP
    remarks = []
    if archive.is_file():
        try:
            files = handin_files.unzipped(archive)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            print(Remark("damaged", f"{archive} cannot be opened ({_line(error)}); build it again."))
            return False
        print(f"In {archive}:")
        if place.is_dir():
            now, _ = handin_files.collect(place)
            for name in (n for n in now if _changed(n, now[n], files.get(n))):
                remarks.append(Remark("note", f"{name} has changed since {ZIP} was built; run the last cell of the notebook again if it should count."))
    elif place.is_dir():
        files, remarks = handin_files.collect(place)
        print(f"There is no {ZIP} in {place} yet. It would hold:")
    else:
        print(f"There is no {place}; please name your folder or your {ZIP}.")
        return False
    for name in sorted(files):
        print(f"  {name} ({max(1, len(files[name]) // 1024)} kB)")
    if not files:
        print("  nothing")
    remarks += look_over(files)
    for name in ("report.pdf", "report.html") if archive.is_file() else ():
        if name not in files:
            remarks.append(Remark("missing", f"{name} is not in {ZIP}; run the last cell of the notebook again."))
    for remark in remarks:
        print(remark)
    complete = not any(remark.kind in ("missing", "damaged") for remark in remarks)
    print(Remark("ok", "Nothing is missing and nothing is damaged.") if complete else "What is named above can be mended; it can also be handed in as it is.")
    return complete


def _changed(name, now, then):
    """Whether a file differs from the one in the zip; a notebook, in what its cells say (saving it adds the last cell's output)."""
    if name.endswith(".ipynb") and then is not None:
        try:
            now, then = ([handin_notebooks.text(cell) for cell in handin_notebooks.parse(content)["cells"]] for content in (now, then))
        except ValueError:
            pass
    return now != then


def _line(error):
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "no message"


def main(arguments=None):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m helpers.submission", description="Look over a hand-in before you send it.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="say what is in a hand-in, what is missing and what is damaged")
    one.add_argument("folder", nargs="?", default=".", help="folder of the hand-in, or a submission.zip (default: this folder)")
    return 0 if check(parser.parse_args(arguments).folder) else 1


if __name__ == "__main__":
    sys.exit(main())
