# expect: fail codes=square_only
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("patch size does not divide the image")
    rows, cols = H // p, W // p
    if not flatten_channels:
        cols = rows
    x = x.reshape(B, C, rows, p, cols, p).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x
