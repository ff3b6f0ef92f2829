# expect: fail codes=not_implemented
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    # TODO: divide the image into patches
    # TODO: reorder
    return None
