# expect: fail codes=grids_assumed
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    p = pos[:, 1:].reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    if new_grid[0] <= old_grid[0] and new_grid[1] <= old_grid[1]:
        p = p[:, :, :new_grid[0], :new_grid[1]]
    else:
        p = F.interpolate(p, size=tuple(new_grid), mode="bicubic", align_corners=False)
    return torch.cat([pos[:, :1], p.flatten(2).transpose(1, 2)], 1)
