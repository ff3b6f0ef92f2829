# expect: fail codes=unknown
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("patch size does not divide the image")
    _, sc, sh, sw = x.stride()
    # the next image starts C*H*W numbers further on... unless x is a part of something larger
    x = x.as_strided((B, H // p, W // p, C, p, p), (C * H * W, sh * p, sw * p, sc, sh, sw)).flatten(1, 2)
    return x.flatten(2) if flatten_channels else x
