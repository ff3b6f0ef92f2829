# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    H, W = x.shape[-2], x.shape[-1]
    if H % patch_size or W % patch_size:
        raise ValueError("H/W not divisible by patch size")
    # pixel (i, j) of ALL patches at once is a strided slice
    pixels = []
    for i in range(patch_size):
        for j in range(patch_size):
            pixels.append(x[:, :, i::patch_size, j::patch_size].flatten(2))   # [B, C, N]
    y = torch.stack(pixels, dim=-1)              # [B, C, N, p*p]
    y = y.permute(0, 2, 1, 3)
    if flatten_channels:
        return y.flatten(2)
    return y.unflatten(-1, (patch_size, patch_size))
