# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError('H and W must be divisible by patch_size')
    nh = H // patch_size
    nw = W // patch_size
    # same dtype and device as x
    out = x.new_zeros((B, nh * nw, C, patch_size, patch_size))
    n = 0
    for i in range(nh):
        for j in range(nw):
            out[:, n] = x[:, :, i*patch_size:(i+1)*patch_size, j*patch_size:(j+1)*patch_size]
            n += 1
    print("patches:", tuple(out.shape))
    if flatten_channels:
        out = out.view(B, nh * nw, C * patch_size * patch_size)
    return out
