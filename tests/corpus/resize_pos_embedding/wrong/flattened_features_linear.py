# expect: fail codes=resized_as_line
import torch
import torch.nn.functional as F

def resize_pos_embedding(pos, old_grid, new_grid):
    if tuple(old_grid) == tuple(new_grid):
        return pos
    n = new_grid[0] * new_grid[1]
    patches = pos[:, 1:].permute(0, 2, 1).unsqueeze(2)                   # 1, D, 1, N
    patches = F.interpolate(patches, size=(1, n), mode="bicubic")
    return torch.cat([pos[:, :1], patches.squeeze(2).permute(0, 2, 1)], dim=1)
