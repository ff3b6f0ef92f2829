# expect: pass
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.size()
    if (H % patch_size) != 0 or (W % patch_size) != 0:
        raise ValueError("H and W must be divisible by patch_size")
    cols = F.unfold(x, kernel_size=patch_size, stride=patch_size)   # [B, C*p*p, N]
    cols = cols.transpose(1, 2)
    if flatten_channels == True:
        return cols
    else:
        return cols.reshape(B, -1, C, patch_size, patch_size)
