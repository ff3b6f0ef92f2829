# expect: pass
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if not (H % p == 0 and W % p == 0):
        raise ValueError("patch size must divide the image size")
    x = x.contiguous()
    sb, sc, sh, sw = C * H * W, H * W, W, 1
    v = torch.as_strided(x, (B, H // p, W // p, C, p, p), (sb, sh * p, sw * p, sc, sh, sw), x.storage_offset())
    v = v.reshape(B, H // p * (W // p), C, p, p)
    return v.reshape(v.shape[0], v.shape[1], -1) if flatten_channels else v
