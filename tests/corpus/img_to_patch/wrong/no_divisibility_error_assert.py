# expect: fail codes=no_divisibility_error
import torch.nn as nn

def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    assert H % patch_size == 0 and W % patch_size == 0, "not divisible"
    p = nn.Unfold(patch_size, stride=patch_size)(x).transpose(1, 2)
    return p if flatten_channels else p.reshape(B, -1, C, patch_size, patch_size)
