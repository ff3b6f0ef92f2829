# expect: pass
import torch


def _patches_of_one(img, p):
    c, h, w = img.shape
    return (
        img.reshape(c, h // p, p, w // p, p)
        .permute(1, 3, 0, 2, 4)
        .reshape(-1, c, p, p)
    )


def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size != 0 or x.shape[3] % patch_size != 0:
        raise ValueError("The image can't be divided into whole patches.")
    patches = torch.stack([_patches_of_one(img, patch_size) for img in x])
    return patches.flatten(2) if flatten_channels else patches
