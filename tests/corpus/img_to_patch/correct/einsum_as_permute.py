# expect: pass
import torch
from torch import einsum


def img_to_patch(x, patch_size, flatten_channels=True):
    (B, C, H, W), p = x.shape, patch_size
    ok = H % p == 0 and W % p == 0
    if not ok:
        raise ValueError("bad patch size")
    grid = x.reshape(B, C, H // p, p, W // p, p)
    seq = einsum("bchiwj->bhwcij", grid).reshape(B, (H // p) * (W // p), C, p, p)
    if flatten_channels:
        seq = seq.reshape(B, seq.size(1), C * p * p)
    return seq
