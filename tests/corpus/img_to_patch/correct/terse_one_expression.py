# expect: pass
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape; p = patch_size
    if h % p or w % p: raise ValueError("not divisible")
    y = x.reshape(b, c, h//p, p, w//p, p).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c, p, p)
    return y.reshape(b, y.shape[1], -1) if flatten_channels else y
