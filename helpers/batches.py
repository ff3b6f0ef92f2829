"""The batches that a training loop reads, cut from one uint8 tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from helpers.data import Split


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
    """Iterable over (x float [B, C, H, W] normalised, y int64 [B]); built by `batches`."""

    def __init__(
        self, images: Tensor, labels: Tensor, batch_size: int, scale: float | Tensor, offset: float | Tensor, shuffle: Shuffle | None, augment: Callable | None
    ) -> None:
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
            x = images.float()  # [B, C, H, W], 0..255
            if augment is not None:
                x = augment(x, generator=generator)  # before normalising: the zeros it brings in are black
            yield x.mul_(self.scale).sub_(self.offset), labels


def batches(
    split: Split,
    batch_size: int,
    *,
    mean: float | Sequence[float],
    std: float | Sequence[float],
    train: bool = False,
    augment: Callable | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
    limit: int | None = None,
) -> TensorBatches:
    """Batches of a split, cut from one uint8 tensor that lies on `device`.

    mean, std: of the training pixels in 0..1, one number or one a channel, as in Digits.  limit: use the first `limit` images only.
    train=True shuffles afresh each epoch, from `seed`, and applies `augment(x, generator=...)` to the pixels in 0..255,
    in the first `augment.epochs` epochs if it has such a limit; else the order is kept and nothing is augmented.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: it must be at least 1.")
    images, labels = split.images[:limit].to(device), split.labels[:limit].to(device)
    shuffle = Shuffle(seed) if train else None
    if isinstance(mean, (int, float)):
        scale, offset = 1 / (255 * std), mean / std
    else:
        spread = torch.tensor(std, device=images.device).view(-1, 1, 1)  # [C, 1, 1]
        scale, offset = 1 / (255 * spread), torch.tensor(mean, device=images.device).view(-1, 1, 1) / spread
    return TensorBatches(images, labels, batch_size, scale, offset, shuffle, augment)
