# expect: fail codes=changes_dtype
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if h % patch_size or w % patch_size:
        raise ValueError("h, w must be divisible by patch_size")
    patches = torch.zeros(b, (h // patch_size) * (w // patch_size), c, patch_size, patch_size)
    k = 0
    for i in range(0, h, patch_size):
        for j in range(0, w, patch_size):
            patches[:, k] = x[:, :, i:i+patch_size, j:j+patch_size]
            k = k + 1
    if flatten_channels:
        return patches.flatten(2)
    return patches
