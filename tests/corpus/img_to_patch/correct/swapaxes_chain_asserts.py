# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    assert x.dim() == 4, "expected [B, C, H, W]"
    assert patch_size > 0
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError(f"{H} or {W} isn't divisible by {patch_size}")
    a = torch.reshape(x, (B, C, -1, patch_size, W // patch_size, patch_size))   # B C h p w q
    a = a.swapaxes(1, 2)   # B h C p w q
    a = a.swapaxes(2, 4)   # B h w p C q
    a = a.swapaxes(3, 4)   # B h w C p q
    a = a.contiguous().view(B, -1, C, patch_size, patch_size)
    assert a.shape[1] == H * W // patch_size ** 2
    if flatten_channels is True:
        a = a.view(B, a.size(1), -1)
    return a
