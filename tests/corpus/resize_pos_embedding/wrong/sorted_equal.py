# expect: fail codes=unknown
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    if set(old_grid) == set(new_grid):
        return pos
    p = pos[:, 1:].reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    p = F.interpolate(p, size=tuple(new_grid), mode="bicubic", align_corners=False)
    return torch.cat([pos[:, :1], p.flatten(2).transpose(1, 2)], 1)
