# expect: fail codes=not_implemented
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    patches = ...
    return patches
