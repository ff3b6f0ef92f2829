# expect: fail codes=unknown
import torch
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    patches = F.unfold(x, patch_size, stride=patch_size).transpose(1, 2)
    # zero mean, unit variance per patch
    patches = (patches - patches.mean(-1, keepdim=True)) / (patches.std(-1, keepdim=True) + 1e-6)
    if flatten_channels:
        return patches
    return patches.reshape(B, -1, C, patch_size, patch_size)
