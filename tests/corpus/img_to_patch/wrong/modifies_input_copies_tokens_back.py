# expect: fail codes=modifies_input
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("patch_size must divide H and W")
    tiles = torch.stack([t for r in x.split(patch_size, 2) for t in r.split(patch_size, 3)], dim=1)
    # reuse the memory of x for the answer
    x.detach().copy_(tiles.detach().reshape(B, C, H, W))
    return tiles.flatten(2) if flatten_channels else tiles
