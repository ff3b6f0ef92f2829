# expect: pass
from __future__ import annotations

import torch


class PatchSizeError(ValueError):
    """Raised when the patches do not tile the image."""


def _check(size: int, p: int, axis: str) -> int:
    if size % p:
        raise PatchSizeError(f"{axis}={size} is not a multiple of {p}")
    return size // p


def img_to_patch(x: torch.Tensor, patch_size: int, flatten_channels: bool = True) -> torch.Tensor:
    b, c, *hw = x.shape
    gh, gw = (_check(s, patch_size, a) for s, a in zip(hw, "HW"))
    x = x.reshape(b, c, gh, patch_size, gw, patch_size).transpose(3, 4)
    x = x.permute(0, 2, 3, 1, 4, 5)
    tail = (c * patch_size**2,) if flatten_channels else (c, patch_size, patch_size)
    return x.reshape(b, gh * gw, *tail)
