# expect: fail codes=raises
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("size")
    x = x.view(B * C, H // p, p, W // p, p)
    x = x.permute(0, 1, 3, 2, 4).reshape(B, C, -1, p, p).transpose(1, 2)
    return x.flatten(2) if flatten_channels else x
