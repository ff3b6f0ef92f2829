"""Files of a hand-in: collected from the folder, the Drive and Colab's front end; slimmed; zipped and unzipped."""

import io
import os
import zipfile
from pathlib import Path, PurePosixPath

from helpers import carry, handin_notebooks
from helpers.cells import raw_cells
from helpers.environment import on_colab
from helpers.handin_notebooks import Remark

CHECKPOINTS = ("first", "middle", "best")
KEPT = ("state_dict", "hyper_parameters", "hparams_name", "epoch", "global_step", "pytorch-lightning_version")
COLAB_NOTEBOOKS = Path("/content/drive/MyDrive/Colab Notebooks")
COLAB_SECONDS = 30
EPOCH_ZERO = (1980, 1, 1, 0, 0, 0)  # one date for all, so that the same files give the same zip


def collect(folder=".", notebook=None):
    """All files of a hand-in except the reports, as {name in the zip: bytes}; and a list of remarks."""
    folder, files, remarks = Path(folder), {}, []
    here = _is_here(folder)
    found = handin_notebooks.find([folder, Path.cwd(), COLAB_NOTEBOOKS] if here else [folder])
    for stem, paths in found.items():
        files[f"{stem}.ipynb"] = _cleaned(paths[0].read_bytes())
        if len(paths) > 1:
            others = ", ".join(path.name for path in paths[1:])
            remarks.append(Remark("note", f"{stem}.ipynb: {paths[0].name} is handed in, {others} is not; rename the one that counts to {stem}.ipynb."))
    if here:
        _running_notebook(files, remarks, notebook)
    for path in _carried(folder, here):
        files[f"carry/{path.name}"] = path.read_bytes()
    for which in CHECKPOINTS:
        path = _first_file(folder, f"checkpoints/{which}.ckpt")
        if path is not None:
            files[f"checkpoints/{which}.ckpt"] = slim(path.read_bytes())
    metrics = _first_file(folder, "metrics.csv")
    if metrics is not None:
        files["metrics.csv"] = metrics.read_bytes()
    return dict(sorted(files.items())), remarks


def _is_here(folder):
    """Whether a folder is this notebook's: then Drive and the front end are asked too."""
    return folder.resolve() in (Path.cwd().resolve(), carry.folder().parent.resolve())


def _carried(folder, here):
    places = [folder / "carry", *([carry.folder(), Path.cwd() / "carry"] if here else [])]
    newest = {}
    for place in places:
        for path in sorted(place.glob("*.py")) if place.is_dir() else []:
            if path.is_file() and (path.name not in newest or path.stat().st_mtime > newest[path.name].stat().st_mtime):
                newest[path.name] = path
    return list(newest.values())


def _first_file(folder, name):
    return next((path for path in (folder / name, folder / "runs" / name) if path.is_file()), None)


def _cleaned(content):
    """A notebook file without personal data; an unreadable one stays as it is."""
    try:
        return handin_notebooks.dump(handin_notebooks.clean(handin_notebooks.parse(content)))
    except ValueError:
        return content


def _running_notebook(files, remarks, notebook):
    """Put the notebook that runs this call into `files` where no saved file has it, and say how it was found."""
    ran = raw_cells()
    if not ran:
        return
    if on_colab():
        live = from_colab()
        if live is None:
            live = handin_notebooks.rebuilt(ran)
            how = "Colab did not hand it over in time, so it was rebuilt from the cells that ran in this session (no outputs); run this cell again for the real one."
        else:
            how = "taken from Colab as it is in your browser now."
        stem = handin_notebooks.stem_of_content(live, default=_stem(notebook))
        if stem and not ("rebuilt" in how and f"{stem}.ipynb" in files):
            files[f"{stem}.ipynb"] = handin_notebooks.dump(handin_notebooks.clean(live))
            remarks.append(Remark("note", f"{stem}.ipynb: {how}"))
        elif stem is None:
            remarks.append(Remark("note", "This notebook holds no exercise cells and was not added; name it, for example submission.build(notebook='04_training')."))
        return
    stem = _stem(notebook) or handin_notebooks.stem_of_content(handin_notebooks.rebuilt(ran), _stem(os.environ.get("JPY_SESSION_NAME")))
    if stem is None:
        return
    file = f"{stem}.ipynb"
    if file not in files:
        files[file] = handin_notebooks.dump(handin_notebooks.rebuilt(ran))
        remarks.append(Remark("note", f"{file}: no saved file was found, so it was rebuilt from the cells that ran in this session (no outputs); save it in this folder and run this cell again."))
    else:
        try:
            if handin_notebooks.outdated(handin_notebooks.parse(files[file]), ran):
                remarks.append(Remark("note", f"{file}: the saved file is older than what you ran; save it (Ctrl+S) and run this cell again."))
        except ValueError:
            pass  # look_over says that it cannot be read


def _stem(name):
    return handin_notebooks.stem_of_name(str(name)) if name else None


def from_colab():
    """The notebook as Colab's front end has it, as a dict; None where it does not answer."""
    try:
        from google.colab import _message

        answer = _message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
        return handin_notebooks.parse(handin_notebooks.dump(answer["ipynb"]))
    except Exception:  # the front end is somebody else's program: whatever goes wrong, the cell history is left
        return None


def slim(content):
    """A Lightning checkpoint without optimizer states, schedules and callbacks; an unreadable one stays as it is.

    content: bytes of the file. Read with weights_only, so nothing in it is executed.
    """
    import torch

    try:
        checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        kept = {key: checkpoint[key] for key in KEPT if key in checkpoint}
        kept["state_dict"] = {key: value.detach().clone() for key, value in checkpoint["state_dict"].items()}
    except Exception:  # look_over says that it is damaged
        return content
    out = io.BytesIO()
    torch.save(kept, out)
    return out.getvalue()


def zipped(files):
    """Bytes of a zip of {name: bytes}; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH_ZERO)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(info, files[name])
    return out.getvalue()


def unzipped(path):
    """Files of a zip as {name: bytes}. Raises ValueError or zipfile.BadZipFile."""
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if sum(info.file_size for info in infos) > 2**30:
            raise ValueError("it unpacks to more than 1 GB")
        tops = {PurePosixPath(info.filename).parts[0] for info in infos if "/" in info.filename}
        # Zipped again by hand, everything lies in one folder: look into it.
        top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in info.filename for info in infos) else ""
        return {info.filename.removeprefix(top): archive.read(info) for info in infos}
