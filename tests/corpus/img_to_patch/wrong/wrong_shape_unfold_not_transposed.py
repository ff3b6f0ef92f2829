# expect: fail codes=wrong_shape
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("H and W must be divisible by patch_size")
    patches = F.unfold(x, kernel_size=patch_size, stride=patch_size)
    if flatten_channels:
        return patches
    return patches.reshape(B, C, patch_size, patch_size, -1)
