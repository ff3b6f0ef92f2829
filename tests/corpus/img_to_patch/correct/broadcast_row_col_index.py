# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if (H % p) + (W % p) != 0:
        raise ValueError('cannot patchify')

    n = torch.arange((H // p) * (W // p), device=x.device)
    top = (n // (W // p)) * p
    left = (n % (W // p)) * p
    k = torch.arange(p, device=x.device)
    rows = top[:, None, None] + k[None, :, None]      # N p 1
    cols = left[:, None, None] + k[None, None, :]     # N 1 p
    patches = x[:, :, rows, cols]                     # B C N p p
    patches = patches.transpose(1, 2)
    if flatten_channels:
        patches = patches.reshape(B, -1, C * p * p)
    return patches
