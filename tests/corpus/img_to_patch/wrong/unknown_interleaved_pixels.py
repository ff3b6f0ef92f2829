# expect: fail codes=unknown
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("H and W must be divisible by patch_size")
    # every (H/p)-th row and (W/p)-th column belongs to one patch
    x = x.reshape(B, C, p, H // p, p, W // p)
    x = x.permute(0, 3, 5, 1, 2, 4).reshape(B, -1, C, p, p)
    return x.flatten(2) if flatten_channels else x
