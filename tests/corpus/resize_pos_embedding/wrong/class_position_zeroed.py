# expect: fail codes=class_position_resized
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    out = torch.zeros(1, 1 + new_grid[0] * new_grid[1], D)
    grid = pos[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    out[:, 1:] = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    return out
