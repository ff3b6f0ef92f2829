# expect: fail codes=unknown
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W must be multiples of patch_size")
    seq = []
    for r, band in enumerate(x.split(patch_size, dim=2)):
        tiles = list(band.split(patch_size, dim=3))
        if r % 2 == 1:
            tiles.reverse()     # neighbours stay neighbours
        seq.extend(tiles)
    seq = torch.stack(seq, dim=1)
    return seq.flatten(2) if flatten_channels else seq
