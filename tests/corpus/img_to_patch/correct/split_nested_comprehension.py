# expect: pass
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    if any(s % patch_size for s in x.shape[-2:]):
        raise ValueError(f"{tuple(x.shape[-2:])} % {patch_size} != 0")
    tiles = torch.stack([tile for band in x.split(patch_size, dim=-2) for tile in band.split(patch_size, dim=-1)])
    # tiles: [N, B, C, p, p]
    tiles = tiles.transpose(0, 1)
    if flatten_channels:
        return tiles.reshape(*tiles.shape[:2], -1)
    return tiles
