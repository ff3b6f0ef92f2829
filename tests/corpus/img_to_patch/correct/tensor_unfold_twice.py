# expect: pass
import torch
from torch import Tensor


def img_to_patch(x: Tensor, patch_size: int, flatten_channels: bool = True) -> Tensor:
    height, width = x.shape[-2:]
    for name, size in (("height", height), ("width", width)):
        if size % patch_size:
            raise ValueError(f"{name} {size} is no multiple of patch_size {patch_size}")

    windows = x.unfold(2, patch_size, patch_size)        # B C h W p
    windows = windows.unfold(3, patch_size, patch_size)  # B C h w p p
    windows = windows.permute(0, 2, 3, 1, 4, 5)
    windows = windows.flatten(1, 2)
    return windows.flatten(2) if flatten_channels else windows
