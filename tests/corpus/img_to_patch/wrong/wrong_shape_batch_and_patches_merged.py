# expect: fail codes=wrong_shape
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    p = patch_size
    if h % p or w % p:
        raise ValueError("indivisible")
    x = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(-1, c * p * p) if flatten_channels else x.reshape(-1, c, p, p)
