# expect: fail codes=breaks_gradient
import numpy as np
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    a = x.detach().cpu().double().numpy()
    B, C, H, W = a.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("patch size must divide image size")
    rows = np.split(a, H // patch_size, axis=2)
    tiles = np.stack([t for r in rows for t in np.split(r, W // patch_size, axis=3)], axis=1)
    if flatten_channels:
        tiles = tiles.reshape(B, tiles.shape[1], -1)
    return torch.from_numpy(tiles).to(device=x.device, dtype=x.dtype)
