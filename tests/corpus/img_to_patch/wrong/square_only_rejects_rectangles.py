# expect: fail codes=square_only
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if h != w:
        raise ValueError("only square images are supported")
    if h % patch_size != 0:
        raise ValueError("image size must be divisible by patch size")
    x = x.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size).permute(0, 2, 3, 1, 4, 5)
    x = x.reshape(b, -1, c, patch_size, patch_size)
    return x.reshape(b, -1, c * patch_size * patch_size) if flatten_channels else x
