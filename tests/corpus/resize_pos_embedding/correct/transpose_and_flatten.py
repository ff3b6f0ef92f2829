# expect: pass
import torch
from torch.nn import functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    """[1, 1 + h*w, D] -> [1, 1 + h'*w', D]"""
    h, w = old_grid
    class_pos = pos[:, 0:1, :]
    grid_pos = pos[:, 1:, :].transpose(1, 2).unflatten(2, (h, w))
    grid_pos = F.interpolate(grid_pos, size=(new_grid[0], new_grid[1]), mode='bicubic')
    grid_pos = grid_pos.flatten(2).transpose(1, 2)
    return torch.cat((class_pos, grid_pos), dim=1)
