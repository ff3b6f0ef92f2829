# expect: fail codes=raises
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, *old_grid, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic").permute(0, 2, 3, 1).reshape(1, -1, D)
    return torch.cat([pos[:, 0], grid], dim=1)        # [1, D] and [1, N, D]
