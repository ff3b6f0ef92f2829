# expect: fail codes=flatten_ignored
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("Bad patch_size!")
    x = x.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    x = x.permute(0, 2, 3, 1, 4, 5).contiguous()
    return x.view(B, -1, C * patch_size * patch_size)
