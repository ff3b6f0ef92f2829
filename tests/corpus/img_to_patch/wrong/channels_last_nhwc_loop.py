# expect: fail codes=channels_last_in_patch
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    imgs = x.permute(0, 2, 3, 1)     # like matplotlib wants it
    B, H, W, C = imgs.shape
    if H % patch_size != 0:
        raise ValueError("height")
    if W % patch_size != 0:
        raise ValueError("width")
    seq = []
    for r in range(0, H, patch_size):
        for c in range(0, W, patch_size):
            tile = imgs[:, r:r + patch_size, c:c + patch_size, :]
            seq.append(tile.reshape(B, -1) if flatten_channels else tile.permute(0, 3, 1, 2))
    return torch.stack(seq, dim=1)
