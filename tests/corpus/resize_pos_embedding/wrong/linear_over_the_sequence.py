# expect: fail codes=resized_as_line
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    cls, rest = pos[:, :1], pos[:, 1:]
    n = new_grid[0] * new_grid[1]
    rest = F.interpolate(rest.transpose(1, 2), size=n, mode="linear", align_corners=False).transpose(1, 2)
    return torch.cat([cls, rest], dim=1)
