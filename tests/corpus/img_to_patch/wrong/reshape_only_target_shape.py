# expect: fail codes=reshape_only
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    N = (H // patch_size) * (W // patch_size)
    if flatten_channels:
        return x.reshape(B, N, C * patch_size * patch_size)
    return x.reshape(B, N, C, patch_size, patch_size)
