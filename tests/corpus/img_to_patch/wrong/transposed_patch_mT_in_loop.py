# expect: fail codes=transposed_patch
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W must be divisible by patch_size")
    bands = x.split(patch_size, dim=2)
    tiles = [t.mT for band in bands for t in band.split(patch_size, dim=3)]
    tiles = torch.stack(tiles, dim=1)
    if flatten_channels:
        return tiles.flatten(2)
    return tiles
