# expect: pass
import torch


def patch_indices(C, H, W, p, device):
    """where each number of each patch stands in the flattened image"""
    idx = torch.arange(C * H * W, device=device).reshape(C, H, W)
    blocks = [idx[:, r:r + p, c:c + p].reshape(-1)
              for r in range(0, H, p) for c in range(0, W, p)]
    return torch.stack(blocks)


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    if H % patch_size or W % patch_size:
        raise ValueError("H, W must be multiples of patch_size")
    idx = patch_indices(C, H, W, patch_size, x.device)
    patches = torch.gather(x.reshape(B, -1), 1, idx.reshape(1, -1).expand(B, -1))
    patches = patches.reshape(B, *idx.shape)
    return patches if flatten_channels else patches.reshape(B, len(idx), C, patch_size, patch_size)
