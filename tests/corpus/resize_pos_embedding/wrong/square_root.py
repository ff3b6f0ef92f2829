# expect: fail codes=grids_assumed
import math
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    side = math.isqrt(pos.shape[1] - 1)
    p = pos[:, 1:1 + side * side].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    p = F.interpolate(p, size=tuple(new_grid), mode="bicubic", align_corners=False)
    return torch.cat([pos[:, :1], p.flatten(2).transpose(1, 2)], 1)
