# expect: fail codes=breaks_gradient
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H and W must be divisible by patch_size")
    nw = W // patch_size
    out = torch.empty(B, H // patch_size * nw, C, patch_size, patch_size, dtype=x.dtype, device=x.device)
    for n in range(out.shape[1]):
        i, j = n // nw * patch_size, n % nw * patch_size
        out[:, n] = x.data[:, :, i:i + patch_size, j:j + patch_size]
    return out.flatten(2) if flatten_channels else out
