# expect: fail codes=not_bicubic
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    if tuple(old_grid) == tuple(new_grid):
        return pos
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, *old_grid, D).movedim(-1, 1)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="area")
    return torch.cat([pos[:, :1], grid.movedim(1, -1).reshape(1, -1, D)], dim=1)
