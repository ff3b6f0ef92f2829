# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    H = x.shape[2]
    W = x.shape[3]
    if H % patch_size > 0 or W % patch_size > 0:
        raise ValueError
    result = None
    row = 0
    while row < H:
        col = 0
        while col < W:
            piece = x[:, :, row:row+patch_size, col:col+patch_size].unsqueeze(1)
            if result is None:
                result = piece
            else:
                result = torch.cat([result, piece], dim=1)
            col += patch_size
        row += patch_size
    if flatten_channels:
        result = torch.flatten(result, start_dim=2)
    return result
