# expect: fail codes=wrong_shape
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    H, W = x.shape[2:]
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H, W must be divisible by patch size")
    patches = []
    for top in range(0, H, patch_size):
        for left in range(0, W, patch_size):
            patches.append(x[:, :, top:top+patch_size, left:left+patch_size])
    patches = torch.stack(patches)      # one entry per patch
    if flatten_channels:
        patches = patches.flatten(2)
    return patches
