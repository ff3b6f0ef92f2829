# expect: fail codes=column_major_order
import torch
from torch import Tensor

def img_to_patch(x: Tensor, patch_size: int, flatten_channels: bool = True) -> Tensor:
    B, C, H, W = x.shape
    if (H % patch_size) or (W % patch_size):
        raise ValueError(f"{H}x{W} / {patch_size}")
    y = x.unfold(3, patch_size, patch_size)      # B C H w p
    y = y.unfold(2, patch_size, patch_size)      # B C h w p(W) p(H)
    y = y.permute(0, 3, 2, 1, 5, 4).reshape(B, -1, C, patch_size, patch_size)
    return y.reshape(B, -1, C * patch_size ** 2) if flatten_channels else y
