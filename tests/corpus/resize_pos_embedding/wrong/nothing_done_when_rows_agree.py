# expect: fail codes=unknown
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    image = pos[:, 1:].transpose(1, 2).unflatten(2, tuple(old_grid))
    if old_grid[0] != new_grid[0]:
        image = F.interpolate(image, size=tuple(new_grid), mode="bicubic")
    else:
        image = F.interpolate(image, size=tuple(new_grid), mode="nearest")
    return torch.cat([pos[:, :1], image.flatten(2).transpose(1, 2)], dim=1)
