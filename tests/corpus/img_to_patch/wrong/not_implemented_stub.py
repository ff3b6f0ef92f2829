# expect: fail codes=not_implemented
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    """Cuts images [B, C, H, W] into patches."""
    raise NotImplementedError()
