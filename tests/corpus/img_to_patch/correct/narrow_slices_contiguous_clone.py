# expect: pass
import itertools
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("patch_size does not divide the image")
    x = x.clone()
    starts = itertools.product(range(0, H, patch_size), range(0, W, patch_size))
    patches = [x.narrow(2, i, patch_size).narrow(3, j, patch_size) for i, j in starts]
    patches = torch.stack(patches, dim=1).contiguous()
    if flatten_channels:
        B, N = patches.shape[:2]
        patches = patches.view(B, N, -1)
    return patches
