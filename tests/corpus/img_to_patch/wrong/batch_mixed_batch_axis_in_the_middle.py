# expect: fail codes=batch_mixed
def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("H % p or W % p")
    x = x.reshape(B, C, H // p, p, W // p, p).permute(2, 4, 0, 1, 3, 5)
    return x.reshape(B, -1, C * p * p) if flatten_channels else x.reshape(B, -1, C, p, p)
