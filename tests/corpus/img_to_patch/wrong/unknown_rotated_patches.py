# expect: fail codes=unknown
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W must be divisible by patch_size")
    x = x.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    x = x.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    x = torch.rot90(x, 1, dims=(3, 4))
    return x.flatten(2) if flatten_channels else x
