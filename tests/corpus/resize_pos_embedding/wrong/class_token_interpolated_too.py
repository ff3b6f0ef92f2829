# expect: fail codes=resized_as_line
import torch
import torch.nn.functional as F


def resize_pos_embedding(pos, old_grid, new_grid):
    n = 1 + new_grid[0] * new_grid[1]
    x = pos.transpose(1, 2).unsqueeze(-1)                 # [1, D, T, 1]
    x = F.interpolate(x, size=(n, 1), mode="bicubic")
    return x.squeeze(-1).transpose(1, 2)
