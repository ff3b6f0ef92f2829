# expect: pass
import torch
import torch.nn as nn


def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size != 0:
        raise ValueError("height!")
    if x.shape[3] % patch_size != 0:
        raise ValueError("width!")
    cutter = nn.Unfold(kernel_size=(patch_size, patch_size), stride=(patch_size, patch_size))
    patches = torch.movedim(cutter(x), 1, 2)
    if not flatten_channels:
        patches = patches.unflatten(-1, (x.shape[1], patch_size, patch_size))
    return patches
