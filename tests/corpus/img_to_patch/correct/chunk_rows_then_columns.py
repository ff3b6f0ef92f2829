# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    H, W = x.shape[2], x.shape[3]
    rows, h_rest = divmod(H, patch_size)
    cols, w_rest = divmod(W, patch_size)
    if h_rest or w_rest:
        raise ValueError("patch_size must divide H and W (rest %d, %d)" % (h_rest, w_rest))
    patches = []
    for strip in torch.chunk(x, rows, dim=2):
        patches += list(torch.chunk(strip, cols, dim=3))
    patches = torch.stack(patches, 1)
    return patches.flatten(start_dim=2) if flatten_channels else patches
