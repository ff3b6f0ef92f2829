# expect: fail codes=overlapping_patches
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W have to be multiples of patch_size")
    out = []
    for i in range(H - patch_size + 1):
        for j in range(W - patch_size + 1):
            out.append(x[:, :, i:i + patch_size, j:j + patch_size])
    out = torch.stack(out, dim=1)
    if flatten_channels:
        out = out.reshape(B, out.shape[1], -1)
    return out
