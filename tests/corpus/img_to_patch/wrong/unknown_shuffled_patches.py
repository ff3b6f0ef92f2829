# expect: fail codes=unknown
import torch
import torch.nn.functional as F


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    y = F.unfold(x, patch_size, stride=patch_size).transpose(1, 2)
    y = y[:, torch.randperm(y.shape[1])]
    return y if flatten_channels else y.unflatten(2, (C, patch_size, patch_size))
