# expect: fail codes=raises
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[0, 1:].reshape(*old_grid, D).permute(2, 0, 1)             # no batch axis
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")
    return torch.cat([pos[:, :1], grid.permute(1, 2, 0).reshape(1, -1, D)], dim=1)
