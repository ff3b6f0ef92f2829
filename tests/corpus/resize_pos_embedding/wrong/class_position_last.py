# expect: fail codes=class_position_lost
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    grid = pos[:, 1:].reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=tuple(new_grid), mode="bicubic").flatten(2).transpose(1, 2)
    return torch.cat([grid, pos[:, :1]], dim=1)
