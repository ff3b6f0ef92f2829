# expect: pass
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    # align_corners=True: the corner patches keep exactly their old position
    D = pos.size(-1)
    grid = pos[:, 1:].reshape(1, old_grid[0], old_grid[1], D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(new_grid[0], new_grid[1]), mode="bicubic", align_corners=True)
    grid = grid.permute(0, 2, 3, 1).reshape(1, new_grid[0] * new_grid[1], D)
    return torch.cat([pos[:, :1], grid], dim=1)
