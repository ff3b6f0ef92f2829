# expect: fail codes=no_divisibility_error
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    x = x.reshape(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = x.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    if flatten_channels:
        x = x.flatten(2, 4)
    return x
