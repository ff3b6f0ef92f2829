# expect: fail codes=changes_dtype
import torch
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("patch size and image size do not match")
    D = C * patch_size * patch_size
    kernel = torch.eye(D).view(D, C, patch_size, patch_size)
    y = F.conv2d(x.to(kernel), kernel, stride=patch_size)
    y = y.flatten(2).transpose(1, 2)
    return y if flatten_channels else y.unflatten(2, (C, patch_size, patch_size))
