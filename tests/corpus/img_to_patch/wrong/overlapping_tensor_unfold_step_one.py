# expect: fail codes=overlapping_patches
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if h % patch_size or w % patch_size:
        raise ValueError("pick another patch size")
    x = x.unfold(2, patch_size, 1).unfold(3, patch_size, 1)
    x = x.permute(0, 2, 3, 1, 4, 5)
    x = x.reshape(b, x.shape[1] * x.shape[2], c, patch_size, patch_size)
    return x.flatten(2) if flatten_channels else x
