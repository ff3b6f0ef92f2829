"""CIFAR-10 on disk, in the form of its authors: find it, download it whole or not at all, read it."""

import os
import shutil
from pathlib import Path

import torch
from torch import Tensor

from helpers import mnist_files
from helpers.mnist_files import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-py"
FILE = "cifar-10-python.tar.gz"
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)


def complete(root: Path) -> bool:
    """Say whether root holds the unpacked files of CIFAR-10."""
    return all((root / FOLDER / name).is_file() for name in (*(f"data_batch_{part}" for part in range(1, 6)), "test_batch", "batches.meta"))


def locate(root: str | os.PathLike | None = None, download: bool = True) -> Path | None:
    """Return the folder that holds `cifar-10-batches-py`, downloading it (170 MB) if need be and allowed; None where it cannot be had.

    Looks in `root` alone if given, else in the folder PATH_DATASETS names and then in the cache folder.
    Raises DataError for a download that broke off, a wrong checksum or a full disk.
    """
    places = mnist_files.places(root)
    found = next((place for place in places if complete(place)), None)
    if found is not None or not download:
        return found
    mirror = mnist_files.first_answering(MIRRORS, file=FILE)
    if mirror is None:
        return None
    target = mnist_files.first_writable(places, "CIFAR-10")
    fetch(target, mirror)
    return target


def fetch(root: Path, mirror: str, packed: str | None = None) -> None:
    """Download CIFAR-10 into root/cifar-10-batches-py: all of it, or nothing and a DataError.  packed: MD5 of the archive."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_and_extract_archive

    with mnist_files.whole_or_nothing(root, "CIFAR-10", 400) as temporary:
        download_and_extract_archive(mirror + FILE, temporary, filename=FILE, md5=packed or CIFAR10.tgz_md5, remove_finished=True)
        if not complete(temporary):
            raise RuntimeError("the archive lacks files")
        shutil.rmtree(root / FOLDER, ignore_errors=True)  # what an earlier program left there is not complete
        os.replace(temporary / FOLDER, root / FOLDER)


def read(root: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Read CIFAR-10: images uint8 [N, 3, 32, 32] and labels int64 [N] for training (50,000), then for test (10,000).

    The files are pickles, so torchvision compares their checksums before it opens them. Raises DataError where one differs.
    """
    from torchvision.datasets import CIFAR10

    tensors = []
    for train in (True, False):
        try:
            part = CIFAR10(root, train=train, download=False)
        except RuntimeError as error:
            raise DataError(f"CIFAR-10 in {root / FOLDER} is damaged: delete that folder and run this again.") from error
        tensors += [torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(part.targets)]
    return tuple(tensors)
