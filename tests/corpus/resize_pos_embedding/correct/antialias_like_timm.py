# expect: pass
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    """As in timm's resample_abs_pos_embed: antialias helps when the grid shrinks."""
    if list(old_grid) == list(new_grid):
        return pos
    prefix, grid = pos[:, :1], pos[:, 1:]
    grid = grid.reshape(1, old_grid[0], old_grid[1], -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic", antialias=True)
    grid = grid.permute(0, 2, 3, 1).reshape(1, new_grid[0] * new_grid[1], -1)
    return torch.cat([prefix, grid], dim=1)
