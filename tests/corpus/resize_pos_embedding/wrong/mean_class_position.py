# expect: fail codes=class_position_resized
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    cls = grid.mean(dim=1, keepdim=True)          # a fair start for the class token
    return torch.cat([cls, grid], dim=1)
