# expect: fail codes=column_major_order
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    _, _, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W have to be divisible by patch_size")
    patches = []
    for w in range(W // patch_size):
        for h in range(H // patch_size):
            p = x[:, :, h*patch_size:(h+1)*patch_size, w*patch_size:(w+1)*patch_size]
            patches.append(p)
    patches = torch.stack(patches, dim=1)
    if flatten_channels:
        patches = patches.flatten(2)
    return patches
