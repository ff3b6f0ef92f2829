# expect: fail codes=unknown
def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p != 0 or W % p != 0:
        raise ValueError("H and W must be divisible by p")
    x = x / 255
    x = x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5)
    x = x.reshape(B, -1, C, p, p)
    return x.flatten(2) if flatten_channels else x
