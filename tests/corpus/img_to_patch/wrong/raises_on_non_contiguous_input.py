# expect: fail codes=raises
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    # one long row per image, then cut it
    x = x.view(B, C * H * W)
    x = x.view(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = x.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x
