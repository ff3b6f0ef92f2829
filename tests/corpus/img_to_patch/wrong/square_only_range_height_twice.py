# expect: fail codes=square_only
import torch


def img_to_patch(x, patch_size, flatten_channels=True):
    size = x.shape[2]
    if size % patch_size or x.shape[3] % patch_size:
        raise ValueError("size")
    pieces = []
    for i in range(0, size, patch_size):
        for j in range(0, size, patch_size):
            pieces.append(x[:, :, i:i+patch_size, j:j+patch_size])
    pieces = torch.stack(pieces, dim=1)
    return pieces.flatten(2) if flatten_channels else pieces
