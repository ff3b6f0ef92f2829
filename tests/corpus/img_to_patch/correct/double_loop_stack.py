# expect: pass
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("image size has to be a multiple of the patch size")

    all_patches = []
    for i in range(0, H, patch_size):          # go down
        for j in range(0, W, patch_size):      # go right
            patch = x[:, :, i:i + patch_size, j:j + patch_size]
            if flatten_channels:
                patch = patch.reshape(B, C * patch_size * patch_size)
            all_patches.append(patch)
    return torch.stack(all_patches, dim=1)
