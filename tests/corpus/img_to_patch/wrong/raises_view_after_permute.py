# expect: fail codes=raises
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if h % patch_size != 0 or w % patch_size != 0:
        raise ValueError("size mismatch")
    x = x.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    x = x.permute(0, 2, 3, 1, 4, 5)
    x = x.view(b, -1, c, patch_size, patch_size)
    return x.view(b, -1, c * patch_size ** 2) if flatten_channels else x
