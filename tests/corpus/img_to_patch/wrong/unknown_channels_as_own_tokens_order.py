# expect: fail codes=unknown
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    # channel axis left in front of the grid axes, then everything squeezed into the asked shape
    B, C, H, W = x.shape
    p = patch_size
    if H % p != 0 or W % p != 0:
        raise ValueError("H and W must be divisible by patch_size")
    x = x.reshape(B, C, H // p, p, W // p, p)
    x = x.permute(0, 1, 2, 4, 3, 5)      # B C h w p p
    x = x.reshape(B, (H // p) * (W // p), C, p, p)
    return x.flatten(2) if flatten_channels else x
