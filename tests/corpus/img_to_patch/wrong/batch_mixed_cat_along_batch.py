# expect: fail codes=batch_mixed
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    batch, chans, height, width = x.shape
    if height % patch_size or width % patch_size:
        raise ValueError(f"patch size {patch_size} does not fit {height}x{width}")
    tiles = torch.cat([t for s in x.split(patch_size, 2) for t in s.split(patch_size, 3)], dim=0)
    tiles = tiles.unflatten(0, (batch, -1))
    if flatten_channels:
        tiles = tiles.flatten(2)
    return tiles
