# expect: fail codes=unknown
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size or x.shape[3] % patch_size:
        raise ValueError("H or W not divisible")
    x = x.flip(1)   # RGB -> BGR
    y = torch.stack([t for b in x.split(patch_size, 2) for t in b.split(patch_size, 3)], 1)
    return y.flatten(2) if flatten_channels else y
