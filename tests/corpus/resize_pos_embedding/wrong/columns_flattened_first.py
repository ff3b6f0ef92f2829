# expect: fail codes=layout_mixed
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    if list(old_grid) == list(new_grid):
        return pos
    grid = pos[:, 1:].view(1, D, *old_grid)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    return torch.cat([pos[:, :1], grid], dim=1)
