# expect: fail codes=grid_swapped
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    w, h = old_grid
    w2, h2 = new_grid
    D = pos.shape[2]
    if (w, h) == (w2, h2):
        return pos
    grid = pos[:, 1:].reshape(1, h, w, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(h2, w2), mode="bicubic")
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    return torch.cat([pos[:, :1], grid], dim=1)
