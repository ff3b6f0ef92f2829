# expect: fail codes=not_bicubic
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    cls, grid = pos[:, :1], pos[:, 1:]
    grid = grid.reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid))
    return torch.cat([cls, grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)
