# expect: pass
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    """
    x: [B, C, H, W]
    returns [B, N, C*p*p] or [B, N, C, p, p]
    """
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError(f"Image {H}x{W} cannot be cut into patches of {patch_size}")
    # cut both image axes into (number of patches, size of a patch)
    x = x.reshape(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = x.permute(0, 2, 4, 1, 3, 5)  # [B, H', W', C, p_H, p_W]
    x = x.flatten(1, 2)  # [B, H'*W', C, p_H, p_W]
    if flatten_channels:
        x = x.flatten(2, 4)  # [B, H'*W', C*p_H*p_W]
    return x
