# expect: fail codes=unknown
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("nope")
    patches = []
    for i in range(0, H, patch_size):
        for j in range(0, W, patch_size):
            patches.insert(0, x[:, :, i:i+patch_size, j:j+patch_size])
    patches = torch.stack(patches, dim=1)
    return patches.flatten(2) if flatten_channels else patches
