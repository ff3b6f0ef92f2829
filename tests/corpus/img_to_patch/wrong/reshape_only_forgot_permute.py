# expect: fail codes=reshape_only
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    p = patch_size
    B, C, H, W = x.shape
    nh, rh = divmod(H, p)
    nw, rw = divmod(W, p)
    if rh != 0 or rw != 0:
        raise ValueError(f"cannot cut {H}x{W} into {p}x{p}")
    x = x.reshape(B, C, nh, p, nw, p)      # split both axes
    x = x.reshape(B, nh * nw, C, p, p)     # collect the patches
    if flatten_channels:
        x = x.reshape(B, nh * nw, -1)
    return x
