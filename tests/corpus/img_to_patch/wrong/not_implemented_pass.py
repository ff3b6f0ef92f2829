# expect: fail codes=not_implemented
def img_to_patch(x, patch_size, flatten_channels=True):
    pass
