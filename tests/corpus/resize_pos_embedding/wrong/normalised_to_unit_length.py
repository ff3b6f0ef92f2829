# expect: fail codes=not_identity
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    grid = F.normalize(grid, dim=1)
    return torch.cat([pos[:, :1], grid.permute(0, 2, 3, 1).reshape(1, -1, D)], dim=1)
