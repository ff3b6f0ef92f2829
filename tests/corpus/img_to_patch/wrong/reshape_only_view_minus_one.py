# expect: fail codes=reshape_only
def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.size()
    if h % patch_size or w % patch_size:
        raise ValueError
    patches = x.contiguous().view(b, -1, c, patch_size, patch_size)
    return patches.flatten(2) if flatten_channels else patches
