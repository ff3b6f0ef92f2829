# expect: fail codes=wrong_shape
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    D = pos.shape[2]
    grid = pos[0, 1:].reshape(*old_grid, D).permute(2, 0, 1).unsqueeze(0)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic")[0]
    grid = grid.flatten(1).T
    return torch.cat([pos[0, :1], grid], dim=0)
