# expect: fail codes=modifies_input
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p != 0 or W % p != 0:
        raise ValueError("wrong patch size")
    out = x.reshape(B, C, H//p, p, W//p, p).permute(0, 2, 4, 1, 3, 5).clone()
    out = out.reshape(B, -1, C, p, p)
    with torch.no_grad():
        x.zero_()    # free the image
    if flatten_channels:
        out = out.flatten(2)
    return out
