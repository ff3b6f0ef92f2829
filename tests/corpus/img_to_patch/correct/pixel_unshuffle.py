# expect: pass
import torch.nn.functional as F

# pixel_unshuffle already orders its channels as (c, row, column) of the block :)
def img_to_patch(x, patch_size, flatten_channels=True):
    _, C, H, W = x.shape
    if H % patch_size:
        raise ValueError(f"H={H}")
    if W % patch_size:
        raise ValueError(f"W={W}")
    y = F.pixel_unshuffle(x, patch_size)
    y = y.flatten(2).mT
    if not flatten_channels:
        y = y.unflatten(2, (C, patch_size, patch_size))
    return y
