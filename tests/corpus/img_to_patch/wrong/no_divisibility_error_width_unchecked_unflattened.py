# expect: fail codes=no_divisibility_error
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or (flatten_channels and W % p):
        raise ValueError("not divisible")
    patches = x.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    return patches.flatten(2) if flatten_channels else patches
