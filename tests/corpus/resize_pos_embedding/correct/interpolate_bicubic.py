# expect: pass
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    if tuple(old_grid) == tuple(new_grid):
        return pos
    cls, patches = pos[:, :1], pos[:, 1:]
    D = pos.shape[-1]
    patches = patches.reshape(1, *old_grid, D).permute(0, 3, 1, 2)            # [1, D, h, w]
    patches = F.interpolate(patches, size=tuple(new_grid), mode="bicubic", align_corners=False)
    patches = patches.permute(0, 2, 3, 1).reshape(1, -1, D)
    return torch.cat([cls, patches], dim=1)
