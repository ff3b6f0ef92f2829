"""Random changes of training images, drawn anew for every image of a batch, on the tensor that holds the batch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["CropFlip", "cutmix"]


@dataclass(frozen=True)
class CropFlip:
    """Move every image by a random whole number of pixels, mirror every second one, paint a box over some.

    shift: largest move in pixels, black comes in.  flip: mirror left and right; not for digits and letters.
    erase: share of images that lose a box; its sides are 4 pixels to half the image, its colour is black.
    epochs: how many epochs to augment, from the first on (None: all).
    `CropFlip(...)(x, generator=None)` maps x float [B, C, H, W] to the same shape on the same device;
    generator: a CPU torch.Generator.
    Source: He et al. 2016, "Deep Residual Learning", section 4.2 (move and mirror); Zhong et al. 2020, "Random Erasing".
    """

    shift: int = 4
    flip: bool = True
    erase: float = 0.0
    epochs: int | None = None

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        B, _, H, W = x.shape
        move = torch.randint(0, 2 * self.shift + 1, (2, B, 1), generator=generator)  # CPU numbers: every device sees the same
        rows, columns = move[0] + torch.arange(H), move[1] + torch.arange(W)  # [B, H], [B, W]
        if self.flip:
            mirrored = torch.rand(B, 1, generator=generator) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        image = torch.arange(B).view(B, 1, 1)
        index = tuple(part.to(x.device) for part in (image, rows.unsqueeze(2), columns.unsqueeze(1)))
        padded = F.pad(x, (self.shift,) * 4).permute(0, 2, 3, 1)  # [B, H + 2s, W + 2s, C]
        x = padded[index].permute(0, 3, 1, 2)  # [B, C, H, W]
        if self.erase:
            x = x.masked_fill(self._boxes(B, H, W, generator).to(x.device), 0.0)
        return x.contiguous()

    def _boxes(self, B: int, H: int, W: int, generator: torch.Generator | None) -> Tensor:
        """True where an image is painted over: [B, 1, H, W]."""
        hit = torch.rand(B, 1, 1, generator=generator) < self.erase
        inside = hit
        for side, shape in ((H, (B, -1, 1)), (W, (B, 1, -1))):
            length = torch.randint(4, max(side // 2, 4) + 1, (B, 1), generator=generator)
            first = (torch.rand(B, 1, generator=generator) * (side - length + 1)).long()
            place = torch.arange(side)
            inside = inside & ((place >= first) & (place < first + length)).view(shape)
        return inside.unsqueeze(1)


def cutmix(x: Tensor, y: Tensor, classes: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Paste a box of another image of the batch into every image, and mix the labels by area.

    x: float [B, C, H, W], y: int64 [B] -> images [B, C, H, W] and label shares float [B, classes].  One box for the whole batch.
    Source: Yun et al. 2019, "CutMix", section 3.1 with alpha 1.
    """
    B, _, H, W = x.shape
    kept, row, column = torch.rand(3, generator=generator).tolist()
    height, width = round(H * (1 - kept) ** 0.5), round(W * (1 - kept) ** 0.5)
    top, left = int(row * (H - height + 1)), int(column * (W - width + 1))
    other = torch.randperm(B, generator=generator).to(x.device)
    x = x.clone()
    x[:, :, top : top + height, left : left + width] = x[other, :, top : top + height, left : left + width]
    share = height * width / (H * W)
    own = F.one_hot(y, classes).to(x.dtype)
    return x, own * (1 - share) + own[other] * share
