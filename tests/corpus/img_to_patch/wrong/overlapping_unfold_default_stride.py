# expect: fail codes=overlapping_patches
import torch.nn.functional as F


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    patches = F.unfold(x, kernel_size=patch_size)
    patches = patches.transpose(1, 2)
    if not flatten_channels:
        patches = patches.reshape(B, -1, C, patch_size, patch_size)
    return patches
