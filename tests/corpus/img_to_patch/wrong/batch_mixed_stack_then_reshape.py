# expect: fail codes=batch_mixed
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size != 0 or W % patch_size != 0:
        raise ValueError("image size not divisible by patch size")
    patches = []
    for i in range(0, H, patch_size):
        for j in range(0, W, patch_size):
            patches.append(x[:, :, i:i+patch_size, j:j+patch_size])
    patches = torch.stack(patches)                                   # N B C p p
    patches = patches.reshape(B, -1, C, patch_size, patch_size)
    return patches.flatten(2) if flatten_channels else patches
