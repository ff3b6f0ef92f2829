# expect: fail codes=class_position_resized
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    scale = (old_grid[0] * old_grid[1]) / (new_grid[0] * new_grid[1])
    return torch.cat([pos[:, :1] * scale, grid], dim=1)
