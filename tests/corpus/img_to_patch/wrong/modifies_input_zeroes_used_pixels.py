# expect: fail codes=modifies_input
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W must be divisible by patch_size")
    patches = []
    for i in range(0, H, patch_size):
        for j in range(0, W, patch_size):
            patches.append(x[:, :, i:i+patch_size, j:j+patch_size].clone())
            x.data[:, :, i:i+patch_size, j:j+patch_size] = 0   # done with this one
    patches = torch.stack(patches, dim=1)
    return patches.flatten(2) if flatten_channels else patches
