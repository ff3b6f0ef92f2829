# expect: fail codes=square_only
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    n = H // patch_size
    x = x.reshape(B, C, n, patch_size, n, patch_size)
    x = x.permute(0, 2, 4, 1, 3, 5).reshape(B, n * n, C, patch_size, patch_size)
    if flatten_channels:
        x = x.flatten(2)
    return x
