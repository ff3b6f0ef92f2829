# expect: pass
import torch
import torch.nn.functional as F


def img_to_patch(x, patch_size, flatten_channels=True):
    """A strided convolution whose kernel is the identity copies every patch into the channel axis."""
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError(f"({H}, {W}) is not divisible by {p}")
    n = C * p * p
    kernel = torch.eye(n, dtype=x.dtype, device=x.device).reshape(n, C, p, p)
    out = F.conv2d(x, kernel, stride=p)          # [B, C*p*p, H/p, W/p]
    out = out.reshape(B, n, -1).permute(0, 2, 1)
    return out if flatten_channels else out.reshape(B, -1, C, p, p)
