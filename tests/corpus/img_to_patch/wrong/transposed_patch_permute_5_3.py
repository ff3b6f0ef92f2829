# expect: fail codes=transposed_patch
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    p = patch_size
    if h % p != 0 or w % p != 0:
        raise ValueError("Image dimensions must be divisible by the patch size.")
    out = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 5, 3)
    out = out.reshape(b, (h // p) * (w // p), c, p, p)
    if flatten_channels:
        out = out.reshape(b, out.shape[1], c * p * p)
    return out
