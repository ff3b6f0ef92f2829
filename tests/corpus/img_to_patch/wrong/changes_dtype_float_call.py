# expect: fail codes=changes_dtype
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    x = x.float()
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    x = x.reshape(B, C, H // patch_size, patch_size, W // patch_size, patch_size)
    x = torch.einsum("bchpwq->bhwcpq", x).flatten(1, 2)
    if flatten_channels:
        x = x.flatten(2)
    return x
