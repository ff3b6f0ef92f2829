# expect: fail codes=raises
import math
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    side = int(math.sqrt(pos.shape[1] - 1))
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, side, side, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, D)
    return torch.cat([pos[:, :1], grid], dim=1)
