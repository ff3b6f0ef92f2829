# expect: fail codes=column_major_order
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("not divisible")
    x = x.reshape(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = x.permute(0, 4, 2, 1, 3, 5)
    x = x.flatten(1, 2)
    return x.flatten(2) if flatten_channels else x
