"""Bring your own folder: images in train/<class>/ and test/<class>/, read once into one tensor and cached."""

import hashlib
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers import mnist_files
from helpers.mnist_files import DataError

MOST_BYTES = 4 << 30  # of the tensor in memory


def is_image_folder(folder: Path) -> bool:
    """Say whether a folder holds train/ and test/ folders, as `read` wants them."""
    return (folder / "train").is_dir() and (folder / "test").is_dir()


def read(folder: str | os.PathLike, size: int | None = None, channels: int = 3) -> tuple[tuple[str, ...], Tensor, Tensor, Tensor, Tensor]:
    """Read an image folder: class names, then images uint8 [N, C, S, S] and labels int64 [N] of train/, then of test/.

    size: side S in pixels; images of another size are scaled and cut to the centre; default: the size of the first image.
    channels: 3 for colour, 1 for grey.  The tensors are cached; a file added, removed or changed makes them anew.
    Raises DataError where a part is missing, the classes differ, or a file is no image.
    """
    folder = Path(folder).expanduser()
    classes, train = _list(folder, "train")
    other, test = _list(folder, "test")
    if classes != other:
        raise DataError(f"The classes in {folder / 'train'} and {folder / 'test'} differ: give both the same folders.")
    size = size or _side(train[0][0])
    if (len(train) + len(test)) * channels * size * size > MOST_BYTES:
        raise DataError(f"{len(train) + len(test):,} images of {size} x {size} pixels do not fit in memory: ask for a smaller size.")
    cached = mnist_files.cache_folder() / f"images-{_key(folder, train + test, size, channels)}.npz"
    arrays = _cached(cached)
    if arrays is None:
        images = _pixels([path for path, _ in train + test], size, channels)
        labels = np.array([label for _, label in train + test], dtype=np.int64)
        arrays = {"images": images, "labels": labels, "train": np.array(len(train))}
        _store(cached, arrays)
    images, labels, count = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"]), int(arrays["train"])
    return classes, images[:count], labels[:count], images[count:], labels[count:]


def _list(folder: Path, part: str) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    from torchvision.datasets import ImageFolder

    try:
        found = ImageFolder(folder / part)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There are no images in {folder / part}: it must hold one folder a class, with at least one image in each.") from error
    return tuple(found.classes), [(Path(path), label) for path, label in found.samples]


def _side(path: Path) -> int:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return min(image.size)
    except OSError as error:
        raise DataError(f"The file {path} is no image that can be read: delete or replace it and run this again.") from error


def _key(folder: Path, samples: list[tuple[Path, int]], size: int, channels: int) -> str:
    listing = hashlib.sha256(f"{size} {channels}".encode())
    for path, _ in samples:
        stat = path.stat()
        listing.update(f"\n{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}".encode())
    return listing.hexdigest()[:24]


def _pixels(paths: list[Path], size: int, channels: int) -> np.ndarray:
    from PIL import Image, ImageOps
    from tqdm.auto import tqdm

    def pixels(path: Path) -> np.ndarray:
        try:
            with Image.open(path) as image:
                image = image.convert("L" if channels == 1 else "RGB")
                if image.size != (size, size):
                    image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
                return np.asarray(image).reshape(size, size, channels)
        except OSError as error:
            raise DataError(f"The file {path} is no image that can be read: delete or replace it and run this again.") from error

    images = np.empty((len(paths), channels, size, size), dtype=np.uint8)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for place, image in enumerate(tqdm(pool.map(pixels, paths), total=len(paths), desc="images", leave=False, disable=len(paths) < 2000)):
            images[place] = image.transpose(2, 0, 1)
    return images


def _cached(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in ("images", "labels", "train")}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged: the images are read again


def _store(path: Path, arrays: dict[str, np.ndarray]) -> None:
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, **arrays)
        os.replace(part, path)
    except OSError as error:
        print(f"The images cannot be cached in {path.parent}, so they will be read again next time ({error}).")
    finally:
        part.unlink(missing_ok=True)
